import { describe, expect, it } from 'vitest'
import { toModifiedNs } from '../src/modified-ns.js'

const second = 1_000_000_000n
const written = 1_700_000_000n * second + 123_456_789n
const now = written + 60n * second
const stats = { mtimeNs: written, ctimeNs: written, size: 10n, ino: 7n }

describe('toModifiedNs', () => {
  it('returns the modification time that the kernel has set', () => {
    expect(toModifiedNs(stats, now)).toBe(written)
  })

  it('keeps the seconds of a time that a program has set, with nanoseconds of the last change below half a second', () => {
    const set = { ...stats, mtimeNs: 499n * second }
    const times = [1n, 2n, 3n].map((later) =>
      toModifiedNs({ ...set, ctimeNs: written + later * second }, now + 9n * second),
    )
    expect(new Set(times).size).toBe(3)
    expect(times.map((time) => time / second)).toEqual([499n, 499n, 499n])
    expect(times.every((time) => time % second < second / 2n)).toBe(true)
    expect(toModifiedNs(set, now)).toBe(toModifiedNs(set, now + second))
  })

  it('differs by size and inode for a time that a program has set', () => {
    const set = { ...stats, mtimeNs: 499n * second }
    const times = [set, { ...set, size: 11n }, { ...set, ino: 8n }].map((one) => toModifiedNs(one, now))
    expect(new Set(times).size).toBe(3)
  })

  it('does not return the modification time of a file that may be written again at the same time', () => {
    const early = toModifiedNs(stats, written + 1_000_000n)
    expect(early).not.toBe(written)
    expect(early / second).toBe(written / second)
  })

  it('waits longer for a file system whose times are whole seconds', () => {
    const whole = written - (written % second)
    const coarse = { ...stats, mtimeNs: whole, ctimeNs: whole }
    expect(toModifiedNs(coarse, whole + second)).not.toBe(whole)
    expect(toModifiedNs(coarse, whole + 3n * second)).toBe(whole)
  })

  it('handles times before 1970', () => {
    expect(toModifiedNs({ ...stats, mtimeNs: -1n }, now) / second).toBe(0n)
    expect(toModifiedNs({ ...stats, mtimeNs: -1n }, now)).toBeLessThan(0n)
  })
})
