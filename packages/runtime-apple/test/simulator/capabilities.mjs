// Numbers of linux/capability.h.
const numbers = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  FOWNER: 3,
  FSETID: 4,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  LINUX_IMMUTABLE: 9,
  NET_BIND_SERVICE: 10,
  NET_BROADCAST: 11,
  NET_ADMIN: 12,
  NET_RAW: 13,
  IPC_LOCK: 14,
  SYS_MODULE: 16,
  SYS_CHROOT: 18,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
  MKNOD: 27,
  AUDIT_WRITE: 29,
  SETFCAP: 31,
}
const usual = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
]

/** The numbers of the capabilities that a container's programs lack. */
export function toDrop({ capAdd, capDrop }) {
  const [added, dropped] = [capAdd, capDrop].map((names) =>
    names.map((name) => name.toUpperCase().replace(/^CAP_/, '')),
  )
  const kept = new Set([
    ...(dropped.includes('ALL') ? [] : usual),
    ...(added.includes('ALL') ? Object.keys(numbers) : added),
  ])
  for (const name of dropped) kept.delete(name)
  const keptNumbers = new Set([...kept].map((name) => numbers[name]))
  if (added.includes('ALL')) return []
  return Array.from({ length: 41 }, (_, number) => number)
    .filter((number) => !keptNumbers.has(number))
    .map(String)
}
