#!/bin/bash
# Uploads files of a mount to an S3 server by the AWS CLI and rclone, and compares the ETags
# that it lists with those of dgenfs sum.
#
#   go install github.com/minio/minio@latest      # takes minutes
#   MINIO=~/go/bin/minio scripts/etags.sh
#
# The server is MinIO, on a port of the loopback and with its data in a temporary directory.
# As root it installs missing packages by apt-get; for other users it lists them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh
minio=${MINIO:-minio}
command -v "$minio" >/dev/null || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }
need awscli:/usr/bin/aws rclone curl python3

work=$(mktemp -d "${TMPDIR:-/tmp}/dgenfs-etags-XXXXXX")
server=
clean_up() {
	[ -z "$server" ] || kill "$server"
	! mountpoint -q "$work/mnt" || "$work/dgenfs" umount "$work/mnt"
	rm -rf "$work"
}
trap clean_up EXIT

# On both sides of where the clients begin to upload in parts, and of whole parts.
files=(--seed 3 --file empty:0 --file one:1 --file below-8M:8388607 --file 8M:8M --file above-8M:8388609 --file 16M:16M
	--file 'odd:20971523,dedup=2' --file below-200M:209715199 --file 200M:200M --file 'above:210M,compress=2')
go build -o "$work/dgenfs" .
mkdir "$work/mnt" "$work/data"
"$work/dgenfs" "${files[@]}" "$work/mnt"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
export MINIO_ROOT_USER=dgenfs-test MINIO_ROOT_PASSWORD=dgenfs-test MINIO_BROWSER=off MINIO_UPDATE=off
"$minio" server --quiet --address "127.0.0.1:$port" "$work/data" &
server=$!
curl -sf --retry 60 --retry-delay 1 --retry-connrefused "$url/minio/health/live"

# With several requests at a time, botocore takes late answers to Expect: 100-continue for
# the reply, which has no ETag then.
printf '[default]\ns3 =\n  max_concurrent_requests = 1\n' >"$work/aws"
export AWS_CONFIG_FILE=$work/aws AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=$MINIO_ROOT_USER AWS_SECRET_ACCESS_KEY=$MINIO_ROOT_PASSWORD
aws() { /usr/bin/aws --endpoint-url "$url" "$@"; }
export RCLONE_CONFIG_TEST_TYPE=s3 RCLONE_CONFIG_TEST_PROVIDER=Minio RCLONE_CONFIG_TEST_ENDPOINT=$url
export RCLONE_CONFIG_TEST_ACCESS_KEY_ID=$MINIO_ROOT_USER RCLONE_CONFIG_TEST_SECRET_ACCESS_KEY=$MINIO_ROOT_PASSWORD RCLONE_CONFIG=

# compare CLIENT BUCKET FLAG...: with dgenfs sum with these flags.
compare() {
	local client=$1 bucket=$2
	shift 2
	aws s3api list-objects-v2 --bucket "$bucket" --query 'Contents[].[ETag,Key]' --output text |
		sed 's/"//g; s/\t/  /' | sort >"$work/listed"
	"$work/dgenfs" sum "$@" "${files[@]}" | sort >"$work/computed"
	diff "$work/computed" "$work/listed"
	echo "$client: the ETags of $(wc -l <"$work/listed") objects are those of dgenfs sum $*"
}

aws s3 mb s3://from-aws
aws s3 cp --only-show-errors --recursive "$work/mnt" s3://from-aws
compare "$(/usr/bin/aws --version | cut -d' ' -f1)" from-aws --etag 8M

aws s3 mb s3://from-rclone
env -u AWS_CA_BUNDLE rclone copy "$work/mnt" test:from-rclone
compare "$(rclone version | head -n 1)" from-rclone --etag 5M --etag-from 200M
