#!/bin/sh
# Assembles hello-amd64 and hello-arm64. Needs binutils for both: on Debian and Ubuntu
# `apt-get install binutils-x86-64-linux-gnu binutils-aarch64-linux-gnu`.
set -eu
cd "$(dirname "$0")"

build() {
  work=$(mktemp -d)
  "$2-as" -o "$work/hello.o" "hello-$1.s"
  "$2-ld" -n -s --build-id=none -z noseparate-code -z noexecstack -o "$work/hello" "$work/hello.o"
  "$2-strip" -s -R .note.gnu.property -R .comment "$work/hello"
  cp "$work/hello" "hello-$1"
  chmod 755 "hello-$1"
  rm -r "$work"
}

build amd64 x86_64-linux-gnu
build arm64 aarch64-linux-gnu
