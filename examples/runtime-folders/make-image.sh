#!/bin/sh
# Creates the image busybox:latest from the busybox of this machine, which must be linked statically (Debian: busybox-static).
set -eu
image="${CAPSTAN_FOLDERS:-$HOME/capstan-folders}/images/busybox:latest"
mkdir -p "$image/bin" "$image/etc" "$image/root"
cp "$(command -v busybox)" "$image/bin/busybox"
for name in $(busybox --list); do [ "$name" = busybox ] || ln -sf busybox "$image/bin/$name"; done
echo 'root:x:0:0:root:/root:/bin/sh' > "$image/etc/passwd"
