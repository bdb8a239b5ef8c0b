package cli

// badWrites are about who may read and write.
var badWrites = []badInput{
	{"--mode= {dir}/mnt", "--mode"},
	{"--mode 0644 {dir}/mnt", "--mode 0644"},
	{"--mode 1444 {dir}/mnt", "--mode 1444"},
	{"--mode 0 {dir}/mnt", "--mode 0"},
	{"--mode 0111 {dir}/mnt", "--mode 0111"},
	{"--mode 0888 {dir}/mnt", "--mode 0888"},
	{"--mode -1 {dir}/mnt", "--mode -1"},
	{"--mode a=r {dir}/mnt", "--mode a=r"},
	{"--mode 99999999999999999999 {dir}/mnt", "--mode 99999999999999999999"},
	{"-o rw {dir}/mnt", "accept_writes"},
	{"-o ro,accept_writes {dir}/mnt", "--accept-writes"},
	{"-o ro --discard {dir}/mnt", "--discard"},
	{"--accept-writes=2 {dir}/mnt", "--accept-writes"},
	{"--discard=no {dir}/mnt", "--discard"},
	{"--accept-writes --mode 0222 {dir}/mnt", "--mode 0222"},
	{"--discard --mode 2644 {dir}/mnt", "--mode 2644"},
	{"-o rw,nodev {dir}/mnt", "rw"},
}
