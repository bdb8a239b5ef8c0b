package daemon

import (
	"log/syslog"
	"os"
)

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

// SyslogPlace says where messages to the system's log go.
func SyslogPlace() string {
	for _, path := range []string{"/dev/log", "/var/run/syslog", "/var/run/log"} { // as package syslog looks for it
		if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
			return "syslog"
		}
	}
	return "nowhere: there is no syslog here, and --log was not given"
}
