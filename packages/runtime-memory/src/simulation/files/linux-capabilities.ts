import type { ContainerConfig } from '@capstan/core'

/** Returns the effective capabilities of the root user in a container, in the format of /proc/self/status. */
export function toCapabilityMask({ privileged, capAdd = [], capDrop = [] }: ContainerConfig): string {
  if (privileged === true) return toHex(all)
  const dropped = capDrop.reduce((mask, name) => mask & ~toMask(name), dockerDefaults)
  return toHex(capAdd.reduce((mask, name) => mask | toMask(name), dropped))
}

function toMask(name: string): bigint {
  const plain = name.toUpperCase().replace(/^CAP_/, '')
  if (plain === 'ALL') return all
  const bit = names.indexOf(plain)
  return bit === -1 ? 0n : 1n << BigInt(bit)
}

function toHex(mask: bigint): string {
  return mask.toString(16).padStart(16, '0')
}

/** In the order of their bits: include/uapi/linux/capability.h */
const names =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'.split(
    ' ',
  )
const all = (1n << BigInt(names.length)) - 1n
/** Docker's default capabilities: oci/caps/defaults.go of github.com/moby/moby */
const dockerDefaults = 0xa80425fbn
