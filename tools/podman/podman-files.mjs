import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { engineFiles } from '../engine/engine-files.mjs'
import { findProgram } from '../engine/engine-packages.mjs'

/** The folder of the configuration and data of the tests' Podman, which uses nothing of the machine's own Podman. */
const podmanDirectory = '/var/lib/capstan-podman'

/** The environment with which `podman` finds this configuration. */
export const podmanEnv = {
  CONTAINERS_CONF: join(podmanDirectory, 'containers.conf'),
  CONTAINERS_STORAGE_CONF: join(podmanDirectory, 'storage.conf'),
}

/**
 * Writes the configuration: cgroupfs, because there may be no systemd; limits that a machine without CAP_SYS_RESOURCE can
 * set; no monitor that keeps running for five minutes after an exec process; and the wrapper of runc from `tools/engine`
 * when the machine withholds capabilities.
 */
export function writePodmanFiles() {
  for (const name of ['networks', 'tmp', 'run', 'data']) {
    mkdirSync(join(podmanDirectory, name), { recursive: true, mode: 0o711 })
  }
  const runtime = join(podmanDirectory, 'runc')
  const runc = existsSync(engineFiles.runc) ? engineFiles.runc : findProgram('runc')
  writeFileSync(runtime, toRuntime(runc ?? 'runc'), { mode: 0o755 })
  writeFileSync(podmanEnv.CONTAINERS_CONF, toContainersConf(runtime))
  writeFileSync(podmanEnv.CONTAINERS_STORAGE_CONF, storageConf)
}

/** Podman mounts the folder of its layers on itself, and a Podman that was killed leaves this mount. */
export function removePodmanFiles() {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
  for (const path of mounts.filter((path) => path.startsWith(`${podmanDirectory}/`)).reverse()) {
    spawnSync('umount', ['--lazy', path], { stdio: 'inherit' })
  }
  rmSync(podmanDirectory, { recursive: true, force: true })
}

/** @param {string} runtime */
function toContainersConf(runtime) {
  return `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=${mostProcesses}:${mostProcesses}"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
exit_command_delay = 10
network_config_dir = "${podmanDirectory}/networks"
runtime = "capstan-runc"
tmp_dir = "${podmanDirectory}/tmp"
[engine.runtimes]
capstan-runc = ["${runtime}"]
[network]
network_backend = "netavark"
network_config_dir = "${podmanDirectory}/networks"
`
}

/** Podman sets its own limit of processes for a privileged container, regardless of the configuration.
 *
 * @param {string} runc
 */
function toRuntime(runc) {
  const limit = `s/("type":"RLIMIT_NPROC","hard":)[0-9]+,"soft":[0-9]+/\\1${mostProcesses},"soft":${mostProcesses}/g`
  return `#!/bin/sh
# Written by tools/podman of Capstan: runc, with a limit of processes that this machine can set.
set -eu
previous=
for argument in "$@"; do
  case $previous in
    --bundle) sed -i -E '${limit}' "$argument/config.json" ;;
  esac
  previous=$argument
done
exec '${runc}' "$@"
`
}

const mostProcesses = 32_768

const storageConf = `[storage]
driver = "overlay"
runroot = "${podmanDirectory}/run"
graphroot = "${podmanDirectory}/data"
`
