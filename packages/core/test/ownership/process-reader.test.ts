import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createOwner } from '../../src/ownership/owner.js'
import { createProcessReader, parseStat } from '../../src/ownership/process-reader.js'
import { parseOwnerLabels, toOwnerLabels } from '../../src/plugin.js'

describe('parseStat', () => {
  const fields = Array.from({ length: 49 }, (_, index) => String(index + 4))

  it('parses the start of a process with any name', () => {
    expect(parseStat(`42 (a) b) c) S ${fields.join(' ')}`)).toBe('22')
  })

  it('returns unknown for a text that it cannot parse', () => {
    expect(parseStat('42 (node) S 1 2')).toBe('unknown')
  })

  it('returns undefined for a zombie', () => {
    expect(parseStat(`42 (node) Z ${fields.join(' ')}`)).toBeUndefined()
  })
})

describe('this process as an owner', () => {
  it('can be written to labels that every runtime accepts, and parsed from them', async () => {
    const owner = await createOwner()
    const labels = toOwnerLabels(owner)
    expect(parseOwnerLabels(labels)).toEqual(owner)
    for (const value of Object.values(labels)) expect(value).toMatch(/^[A-Za-z0-9._-]{1,63}$/)
  })

  it('has a new instance id each time', async () => {
    expect((await createOwner()).instanceId).not.toBe((await createOwner()).instanceId)
  })
})

describe.each([process.platform, 'darwin' as const])('the start of a process, read as on %s', (platform) => {
  it('is known while the process runs, and undefined after its end', async () => {
    const reader = createProcessReader(platform)
    const child = spawn('sleep', ['60'])
    const pid = child.pid ?? 0
    const start = await reader.readStart(pid)
    expect(start).toMatch(/^[A-Za-z0-9._-]+$/)
    expect(await reader.readStart(pid)).toBe(start)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await reader.readStart(pid)).toBeUndefined()
  })
})

describe('the id of a machine', () => {
  async function makeFolder() {
    const folder = await mkdtemp(join(tmpdir(), 'capstan-machine-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    return folder
  }

  it('is that of systemd, in either location, with the host name, since copies of a machine may have one id', async () => {
    const [empty, full] = [await makeFolder(), await makeFolder()]
    await writeFile(join(empty, 'machine-id'), 'uninitialized\n')
    await writeFile(join(full, 'machine-id'), '0123456789abcdef0123456789abcdef\n')
    const read = (host: string) => createProcessReader('linux', { machineIds: [empty, full], host }).readMachineId()
    expect(await read('one')).toBe('0123456789abcdef0123456789abcdef-one')
    expect(await read('other')).toBe('0123456789abcdef0123456789abcdef-other')
  })

  it('is that of the hardware on macOS', async () => {
    const ioreg = join(await makeFolder(), 'ioreg')
    await writeFile(ioreg, `#!/bin/sh\necho '    "IOPlatformUUID" = "5A1F0C2B-0000-4000-8000-0123456789AB"'\n`, {
      mode: 0o755,
    })
    const reader = createProcessReader('darwin', { ioreg })
    expect(await reader.readMachineId()).toBe('5A1F0C2B-0000-4000-8000-0123456789AB')
  })

  it('includes the boot if the machine has none, since machines may share a name', async () => {
    const proc = await makeFolder()
    await mkdir(join(proc, 'sys/kernel/random'), { recursive: true })
    const reader = createProcessReader('linux', { proc, machineIds: [] })
    const readAfterBoot = async (bootId: string) => {
      await writeFile(join(proc, 'sys/kernel/random/boot_id'), bootId)
      return reader.readMachineId()
    }
    const first = await readAfterBoot('one')
    expect(await readAfterBoot('one')).toBe(first)
    expect(await readAfterBoot('two')).not.toBe(first)
  })
})

describe('the start of a process, read by ps', () => {
  afterEach(() => vi.unstubAllEnvs())

  it.each(['TZ', 'LC_ALL', 'LC_TIME', 'LANG'])(
    'is the same whatever %s of the reader is: its owner may have another',
    async (name) => {
      const folder = await mkdtemp(join(tmpdir(), 'capstan-ps-'))
      const ps = join(folder, 'ps')
      await writeFile(
        ps,
        '#!/bin/sh\n[ "$LC_ALL" ] || LC_ALL=$LC_TIME$LANG\nprintf "S+   %s %s 2026\\n" "$TZ" "$LC_ALL"\n',
        {
          mode: 0o755,
        },
      )
      const reader = createProcessReader('darwin', { ps })
      const starts: (string | undefined)[] = []
      for (const value of ['Europe/Berlin', 'C', undefined]) {
        vi.stubEnv(name, value)
        starts.push(await reader.readStart(1))
      }
      await rm(folder, { recursive: true })
      expect(starts[0]).toMatch(/2026$/)
      expect(new Set(starts).size).toBe(1)
    },
  )
})

describe('the start of a running process that cannot be read', () => {
  const own = process.pid

  it('is unknown, since /proc may hide it or no file descriptor may be left', async () => {
    const hidden = createProcessReader('linux', { proc: '/nowhere' })
    expect(await hidden.readStart(own)).toBe('unknown')
  })

  it('is unknown when ps is missing', async () => {
    const without = createProcessReader('darwin', { ps: '/nowhere/ps' })
    expect(await without.readStart(own)).toBe('unknown')
  })
})
