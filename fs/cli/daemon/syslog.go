package daemon

import "log/syslog"

// Syslog is a writer to the system's log, which connects at the first line. Where
// there is no system log, it writes nowhere: a daemon has no other place.
type Syslog struct{ w *syslog.Writer }

func (l *Syslog) Write(p []byte) (int, error) {
	if l.w == nil {
		w, err := syslog.New(syslog.LOG_DAEMON|syslog.LOG_NOTICE, "dgenfs")
		if err != nil {
			return len(p), nil
		}
		l.w = w
	}
	return l.w.Write(p)
}
