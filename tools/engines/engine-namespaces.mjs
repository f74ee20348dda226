import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { findProcess } from '../engine/process-identity.mjs'

/**
 * A program to run in namespaces of its own.
 *
 * @typedef {object} NamespacedProgram
 * @property {readonly string[]} command
 * @property {Readonly<Record<string, string>>} env
 * @property {string} root the folder that becomes `/`; it is not changed
 * @property {{ readonly upper: string, readonly work: string, readonly merged: string }} layer folders for the changes of the root
 * @property {string} [hostname] the host name in a UTS namespace of its own; default: the name and the namespace of the machine
 * @property {readonly string[]} shared folders of the machine that have the same path inside
 * @property {string} log the file of its output
 */

/**
 * Starts a program in a network and a mount namespace of its own, and resolves with the process that waits for it. With the
 * last process in them the kernel removes mounts and network interfaces. The root is entered by pivot_root: from a chroot, runc
 * would execute the programs of `docker exec` in the root of the machine. The process namespace is that of the machine, as for
 * an engine that is installed on it: clients read `/proc` of processes in containers.
 *
 * @param {NamespacedProgram} program
 * @returns {Promise<import('../engine/process-identity.mjs').ProcessIdentity | undefined>} nothing when it ended at once
 */
export async function startInNamespaces({ command, env, root, layer, hostname, shared, log }) {
  const output = openSync(log, 'w', 0o600)
  try {
    const overlay = `lowerdir=${root},upperdir=${layer.upper},workdir=${layer.work}`
    const script = [
      'sh',
      '-euc',
      outerScript,
      'outer',
      innerScript,
      overlay,
      layer.merged,
      shared.join(' '),
      hostname ?? '',
    ]
    const uts = hostname === undefined ? [] : ['--uts']
    const child = spawn('unshare', ['--mount', '--net', ...uts, '--propagation', 'private', ...script, ...command], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', output, output],
      env: { HOME: '/root', PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
    })
    await once(child, 'spawn')
    child.unref()
    return findProcess(child.pid ?? 0)
  } finally {
    closeSync(output)
  }
}

/**
 * Runs with the programs of the machine. A kernel may lack dummy interfaces, so a veth pair within the namespace gives the
 * default route, without which an engine finds no address of the host. Its address is also that of the name server, where
 * none runs, so that a look-up fails at once: the server of the machine is not in reach, and engines would wait for it.
 */
const outerScript = `
inner=$1 overlay=$2 merged=$3 shared=$4 hostname=$5
shift 5
[ -z "$hostname" ] || hostname "$hostname"
mount -t overlay overlay -o "$overlay" "$merged"
cd "$merged"
mkdir -p proc sys dev tmp run .old
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs dev/shm
mount --bind /tmp tmp
mount -t tmpfs tmpfs run
for path in $shared; do
  mkdir -p ".$path"
  mount --bind "$path" ".$path"
done
for name in hostname hosts; do
  [ ! -e "/etc/$name" ] || cat "/etc/$name" > "etc/$name"
done
[ -z "$hostname" ] || echo "$hostname" > etc/hostname
echo nameserver 10.99.0.2 > etc/resolv.conf
ip link set lo up
ip link add capstan0 type veth peer name capstan1
ip link set capstan1 up
ip addr add 10.99.0.2/24 dev capstan0
ip link set capstan0 up
ip route add default via 10.99.0.1
echo 1 > /proc/sys/net/ipv4/ip_forward
pivot_root . .old
exec sh -euc "$inner" inner "$@"
`

/** Runs with the programs of the root. It forwards SIGTERM, and ends with the engine. */
const innerScript = `
cd /
umount -l /.old
mount --make-rshared /
variant=nft
iptables-nft -t nat -n -L >/dev/null 2>&1 || variant=legacy
for name in iptables ip6tables; do
  for action in '' -save -restore; do
    ln -sf "xtables-$variant-multi" "/usr/sbin/$name$action"
  done
done
"$@" &
engine=$!
trap 'kill -TERM "$engine"' TERM
while kill -0 "$engine" 2>/dev/null; do wait "$engine" || true; done
`
