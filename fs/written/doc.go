// Package written says what has been written of a file: which bytes, and what of them
// differs from what the file should hold. It keeps places, never bytes, and knows nothing of
// how files are served.
package written
