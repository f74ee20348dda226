import type { ContainerConfig } from '@capstan/core'
import type { FileEntry, FileMap } from './file-map.js'
import { toCapabilityMask } from './linux-capabilities.js'

/**
 * Creates the files in /etc, /proc and /sys from which programs read their host name, name servers, limits and privileges.
 *
 * Nothing is enforced, because a simulated program is a function of this process.
 */
export function createSystemFiles(id: string, config: ContainerConfig, gateway: string): FileMap {
  const {
    hostname = id.slice(0, 12),
    dns = ['127.0.0.11'],
    extraHosts = {},
    ulimits = [],
    shmSizeBytes = defaultShmBytes,
  } = config
  const { soft, hard } = ulimits.find(({ name }) => name === 'nofile') ?? { soft: 1_048_576, hard: 1_048_576 }
  const hosts = [['localhost', '127.0.0.1'], ...Object.entries(extraHosts)]
  const texts: Readonly<Record<string, readonly string[]>> = {
    '/etc/hostname': [hostname],
    '/etc/hosts': hosts.map(([name, address]) => `${address === 'host-gateway' ? gateway : address}\t${name}`),
    '/etc/resolv.conf': dns.map((address) => `nameserver ${address}`),
    '/proc/mounts': [`shm /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=${Math.ceil(shmSizeBytes / 1024)}k 0 0`],
    '/proc/self/limits': [`Max open files ${soft} ${hard} files`],
    '/sys/fs/cgroup/cpu.max': [
      config.cpus === undefined ? 'max 100000' : `${Math.round(config.cpus * 100_000)} 100000`,
    ],
    '/sys/fs/cgroup/memory.max': [String(config.memoryBytes ?? 'max')],
    '/sys/fs/cgroup/pids.max': [String(config.pidsLimit ?? 'max')],
  }
  const files = Object.entries(texts).map(([path, lines]) => [path, toFile(lines)] as const)
  return new Map([...files, ...createStatusFile(config)])
}

/** Creates /proc/self/status with the capabilities and the no-new-privileges flag of a process. */
export function createStatusFile(config: ContainerConfig): FileMap {
  const noNewPrivileges = (config.securityOptions ?? []).some((option) => /^no-new-privileges(?!.*false)/.test(option))
  const lines = [`CapEff:\t${toCapabilityMask(config)}`, `NoNewPrivs:\t${noNewPrivileges ? 1 : 0}`]
  return new Map([['/proc/self/status', toFile(lines)]])
}

function toFile(lines: readonly string[]): FileEntry {
  return { type: 'file', mode: 0o644, bytes: Buffer.from(lines.map((line) => `${line}\n`).join('')) }
}

/** Docker's default. */
const defaultShmBytes = 64 * 1024 * 1024
