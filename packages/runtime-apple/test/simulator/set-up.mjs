import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Creates the home folder of a simulator, with one image: busybox.
 *
 * @param {string} home
 * @param {{ readonly release: object, readonly service?: { readonly kernel?: boolean }, readonly image: string }} options
 */
export function setUpHome(home, { release, service = {}, image }) {
  writeFileSync(join(home, 'settings.json'), JSON.stringify({ release, service }))
  writeFileSync(join(home, 'argv.ndjson'), '')
  const client = fileURLToPath(new URL('./container', import.meta.url))
  copyFileSync(client, join(home, 'container'))
  chmodSync(join(home, 'container'), 0o755)
  mkdirSync(join(home, 'app/kernels'), { recursive: true })
  if (service.kernel !== false) writeFileSync(join(home, 'app/kernels/default.kernel-arm64'), '')
  const digest = `sha256:${'b'.repeat(64)}`
  const place = join(home, 'images', encodeURIComponent(digest))
  makeRoot(join(place, 'rootfs'))
  const config = { Env: ['PATH=/bin:/usr/bin:/sbin'], Cmd: ['sh'], WorkingDir: '/' }
  writeFileSync(
    join(place, 'record.json'),
    JSON.stringify({ digest, createdAt: Date.now(), references: [image], config }),
  )
}

/** Why the simulator cannot run on this machine. `undefined` if it can. */
export function findSimulatorProblem() {
  if (process.platform !== 'linux') return `programs of a simulated container need Linux, not ${process.platform}`
  const missing = ['busybox', 'perl', 'unshare', 'nsenter', 'prlimit', 'tar'].filter(
    (name) => spawnSync('which', [name]).status !== 0,
  )
  if (missing.length > 0) return `${missing.join(', ')} not found; on Debian or Ubuntu: node tools/simulator.mjs up`
  const { status, stderr } = spawnSync('unshare', ['--mount', '--pid', '--net', '--fork', 'true'], { encoding: 'utf8' })
  return status === 0 ? undefined : `no namespaces for this user (${stderr.trim()})`
}

/** @param {string} root */
function makeRoot(root) {
  for (const directory of ['bin', 'etc', 'tmp', 'root', 'home', 'var', 'proc', 'dev', 'sbin', 'usr/bin'])
    mkdirSync(join(root, directory), { recursive: true })
  chmodSync(join(root, 'tmp'), 0o1777)
  copyFileSync(findBusybox(), join(root, 'bin/busybox'))
  chmodSync(join(root, 'bin/busybox'), 0o755)
  const applets = spawnSync('busybox', ['--list'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((name) => wanted.has(name))
  for (const name of applets) symlinkSync('busybox', join(root, 'bin', name))
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\nstaff:x:50:\n')
  writeFileSync(join(root, 'bin/connect'), connect)
  chmodSync(join(root, 'bin/connect'), 0o755)
}

function findBusybox() {
  return ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path)) ?? '/bin/busybox'
}

// Prints what the server sends; see host-calls.mjs.
const connect = `#!/bin/sh
[ -p /.host/calls ] || exit 1
pipe=/.host/$$.$(date +%s)
mkfifo $pipe && echo "$(basename $pipe) $1 $2" > /.host/calls
got=$(cat $pipe); rm -f $pipe
[ -n "$got" ] && echo "$got"
`

const wanted = new Set(
  'sh ash cat echo printf sleep seq yes head tail wc id hostname stat awk grep sed nc stty ls mkdir mkfifo rm cp mv chmod chown touch true false test env pwd date basename dirname kill ps tar dd expr cut sort tr tee sync readlink ln df mount umount ip ifconfig nohup find xargs mktemp timeout'.split(
    ' ',
  ),
)
