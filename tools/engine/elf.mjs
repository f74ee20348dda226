/**
 * Reads the processor of a Linux program, as Docker names it, and whether the program needs a dynamic loader. Returns
 * `undefined` when the bytes are no 64-bit little-endian ELF file.
 *
 * @param {Buffer} file
 * @returns {{ readonly architecture: string, readonly isStatic: boolean } | undefined}
 */
export function parseElf(file) {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) return undefined
  const start = Number(file.readBigUInt64LE(32))
  const [size, count] = [file.readUInt16LE(54), file.readUInt16LE(56)]
  const types = Array.from({ length: count }, (_, index) => file.readUInt32LE(start + index * size))
  const machine = file.readUInt16LE(18)
  return { architecture: machines[machine] ?? `machine ${machine}`, isStatic: !types.includes(interpreterSegment) }
}

/** e_machine, as in elf.h, and what `docker info` calls it. @type {Record<number, string>} */
const machines = { 62: 'x86_64', 183: 'aarch64', 243: 'riscv64' }

const interpreterSegment = 3
