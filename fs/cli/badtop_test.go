package cli

// badTops are about dgenfs top.
var badTops = []badInput{
	{"top {dir}", "nothing is mounted there"},
	{"top {dir}/missing", "{dir}/missing"},
	{"top /proc", "not dgenfs"},
	{"top {dir} {dir}/a", `"{dir}/a"`},
	{"top --interval 0s {dir}", "--interval 0s"},
	{"top --interval 99ms {dir}", "--interval 99ms"},
	{"top --interval 1 {dir}", "--interval"},
	{"top --interval -1s {dir}", "--interval"},
	{"top --interval 2h {dir}", "--interval"},
	{"top --once=maybe {dir}", "maybe"},
	{"top --size 1G {dir}", "--size"},
}
