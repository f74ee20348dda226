import { readFileSync } from 'node:fs'

/**
 * Returns the kernel capabilities that no process on this machine can have, including root: those that the bounding set of
 * this process lacks. Usually none.
 *
 * @returns {readonly string[]}
 */
export function readWithheldCapabilities() {
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'))
  return toWithheldCapabilities(readFileSync('/proc/self/status', 'utf8'), last)
}

/**
 * @param {string} status the text of `/proc/PID/status`
 * @param {number} last number of the kernel's last capability
 * @returns {readonly string[]}
 */
export function toWithheldCapabilities(status, last) {
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? 'ffffffffffffffff'}`)
  return capabilities.filter((_, bit) => bit <= last && (mask & (1n << BigInt(bit))) === 0n)
}

/** The names in the order of their bits in linux/capability.h. */
const capabilities = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...['LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER'],
  ...['SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
  ...['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP'],
  ...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  ...['CHECKPOINT_RESTORE'],
].map((name) => `CAP_${name}`)
