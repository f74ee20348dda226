import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { engineFiles } from '../engine/engine-files.mjs'
import { findProgram } from '../engine/engine-packages.mjs'

/** The folder of the configuration and data of the tests' Podman, which uses nothing of the machine's own Podman. */
const podmanDirectory = '/var/lib/capstan-podman'

/** The environment with which `podman` finds this configuration. */
export const podmanEnv = toPodmanEnv(podmanDirectory)

/** Writes the configuration of the tests' Podman, with the wrapper of runc from `tools/engine` when there is one. */
export function writePodmanFiles() {
  const runc = existsSync(engineFiles.runc) ? engineFiles.runc : findProgram('runc')
  writePodmanConfig({ directory: podmanDirectory, runc: runc ?? 'runc' })
}

/**
 * Writes a configuration of Podman with all of its files in one folder, and returns its environment: cgroupfs, because there
 * may be no systemd; limits that a machine without CAP_SYS_RESOURCE can set; no monitor that keeps running for five minutes
 * after an exec process; plain HTTP to registries at 127.0.0.1, as on Docker.
 *
 * @param {{ readonly directory: string, readonly runc: string }} options
 */
export function writePodmanConfig({ directory, runc }) {
  for (const name of ['networks', 'tmp', 'run', 'data']) {
    mkdirSync(join(directory, name), { recursive: true, mode: 0o711 })
  }
  const env = toPodmanEnv(directory)
  const runtime = join(directory, 'runc')
  writeFileSync(runtime, toRuntime(runc), { mode: 0o755 })
  writeFileSync(env.CONTAINERS_CONF, toContainersConf(directory, runtime))
  writeFileSync(env.CONTAINERS_STORAGE_CONF, toStorageConf(directory))
  writeFileSync(env.CONTAINERS_REGISTRIES_CONF, registriesConf)
  return env
}

/** @param {string} directory */
function toPodmanEnv(directory) {
  return {
    CONTAINERS_CONF: join(directory, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(directory, 'storage.conf'),
    CONTAINERS_REGISTRIES_CONF: join(directory, 'registries.conf'),
  }
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

/**
 * @param {string} directory
 * @param {string} runtime
 */
function toContainersConf(directory, runtime) {
  return `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=${mostProcesses}:${mostProcesses}"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
exit_command_delay = 10
network_config_dir = "${directory}/networks"
runtime = "capstan-runc"
tmp_dir = "${directory}/tmp"
[engine.runtimes]
capstan-runc = ["${runtime}"]
[network]
network_backend = "netavark"
network_config_dir = "${directory}/networks"
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

/** @param {string} directory */
function toStorageConf(directory) {
  return `[storage]
driver = "overlay"
runroot = "${directory}/run"
graphroot = "${directory}/data"
`
}

const registriesConf = `[[registry]]
location = "127.0.0.1"
insecure = true
`
