import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { toDirectoryCommand } from '../../src/build/build-directory-script.js'

/** The shells of this machine, each with an awk. */
const shells = [
  ['dash', 'mawk'],
  ['bash', 'mawk'],
  ['busybox', 'busybox'],
].filter((programs) => programs.every((program) => spawnSync('which', [program]).status === 0))

describe.runIf(process.platform === 'linux').each(shells)(
  'print_changed_times, by %s and %s',
  (shell = '', awk = '') => {
    async function makeSidecar() {
      const folder = await mkdtemp(join(tmpdir(), 'capstan-times-'))
      onTestFinished(() => rm(folder, { recursive: true, force: true }))
      const programs = join(folder, 'programs')
      await mkdir(programs)
      await symlink(spawnSync('which', [awk], { encoding: 'utf8' }).stdout.trim(), join(programs, 'awk'))
      // Bash reads the .bashrc of HOME when its stdin is a socket, as the pipes of Node are.
      const env = { HOME: folder, PATH: `${programs}${delimiter}${process.env.PATH}` }
      const timesDirectory = join(folder, 'state', 'times')
      const ask = async (lines: readonly string[], missingBytes = 0) => {
        const list = lines.map((line) => `${line}\n`).join('')
        const directory = join(folder, `build-${randomUUID()}`) // part of its content is in /dev/shm
        const [, ...words] = toDirectoryCommand({ directory, timesDirectory, listBytes: list.length + missingBytes })
        const child = spawn(shell, [...(shell === 'busybox' ? ['sh'] : []), ...words], { env })
        const output = Promise.all([text(child.stdout), text(child.stderr)])
        child.stdin.end(list)
        const [exitCode, signal] = await once(child, 'exit')
        const [stdout, stderr] = await output
        return { exitCode, signal, stderr, lines: stdout.trimEnd().split('\n') }
      }
      const answer = async (...lines: readonly string[]) => {
        const { lines: printed, ...end } = await ask(lines)
        expect(end).toEqual({ exitCode: 0, signal: null, stderr: '' })
        return printed
      }
      return { timesDirectory, ask, answer }
    }

    it('prints no time while each content of a file has its own time', async () => {
      const { answer } = await makeSidecar()
      expect(await answer()).toEqual(['ready'])
      expect(await answer('a 0 s1', 'b 0 s2')).toEqual(['ready'])
      expect(await answer('a 0 s1', 'b 0 s2', 'c 2147418112 s3')).toEqual(['ready'])
      expect(await answer('a 5 s9')).toEqual(['ready'])
      expect(await answer('a 0 s1')).toEqual(['ready'])
    })

    it('prints the next free second when another content has the time, and the same one in later builds', async () => {
      const { answer } = await makeSidecar()
      await answer('a 0 s1', 'b 7 s1')
      expect(await answer('b 7 s1', 'a 0 s2')).toEqual(['2 1', 'ready'])
      expect(await answer('a 0 s3')).toEqual(['1 2', 'ready'])
      expect(await answer('a 0 s1')).toEqual(['ready'])
      expect(await answer('a 0 s2')).toEqual(['1 1', 'ready'])
      expect(await answer('a 1 s3')).toEqual(['1 2', 'ready'])
    })

    it('prints different seconds for contents whose digests `awk` would compare as equal numbers', async () => {
      const { answer } = await makeSidecar()
      await answer('1e1 0 s10', '10 0 s1e1', 'a 0 10', 'b 0 12345678901234567890')
      expect(await answer('1e1 0 s10', '10 0 s1e1', 'a 0 1e1', 'b 0 12345678901234567891')).toEqual([
        '3 1',
        '4 1',
        'ready',
      ])
    })

    it('continues after the last second that fits into 32 bits', async () => {
      const { answer } = await makeSidecar()
      await answer('a 2147483647 s1')
      expect(await answer('a 2147483647 s2')).toEqual(['1 2147483648', 'ready'])
      expect(await answer('a 2147483647 s3')).toEqual(['1 2147483649', 'ready'])
      expect(await answer('a 2147483647 s2')).toEqual(['1 2147483648', 'ready'])
    })

    it('never prints one second for two contents, though only the last contents of a file are recorded', async () => {
      const { timesDirectory, answer } = await makeSidecar()
      const contentOf = new Map<string, string>()
      for (let round = 0; round < 24; round += 1) {
        const content = `s${round % 19}`
        const [first = ''] = await answer(`a 3 ${content}`)
        const second = first === 'ready' ? '3' : (first.split(' ')[1] ?? '')
        expect(contentOf.get(second) ?? content).toBe(content)
        contentOf.set(second, content)
      }
      const [version = ''] = await readdir(timesDirectory)
      expect((await readFile(join(timesDirectory, version), 'utf8')).split('\n')).toHaveLength(16 + 2)
    })

    it('prints different seconds in concurrent builds, and leaves one record', async () => {
      const { timesDirectory, answer } = await makeSidecar()
      const contents = Array.from({ length: 12 }, (_, index) => `s${index}`)
      const answers = await Promise.all(contents.map((content) => answer(`a 0 ${content}`, `own-${content} 0 s1`)))
      const seconds = answers.map(([first = '']) => (first === 'ready' ? 0 : Number(first.split(' ')[1])))
      expect([...seconds].sort((one, other) => one - other)).toEqual(contents.map((_, index) => index))
      for (const [index, content] of contents.entries()) {
        const expected = seconds[index] === 0 ? ['ready'] : [`1 ${seconds[index]}`, 'ready']
        expect(await answer(`a 0 ${content}`, `own-${content} 0 s1`)).toEqual(expected)
      }
      expect(await readdir(timesDirectory)).toHaveLength(1)
    })

    it('records the times of many files', async () => {
      const { answer } = await makeSidecar()
      const files = (content: string) =>
        Array.from({ length: 5000 }, (_, index) => `f${index} 499162500 ${content}${index}`)
      expect(await answer(...files('s'))).toEqual(['ready'])
      expect(await answer(...files('t'))).toHaveLength(5001)
      expect(await answer(...files('s'))).toEqual(['ready'])
    })

    it('prints and records nothing when the list ends early', async () => {
      const { answer, ask } = await makeSidecar()
      expect(await ask(['a 0 s1'], 5)).toMatchObject({ exitCode: 1, lines: [''] })
      expect(await answer('a 0 s12')).toEqual(['ready'])
    })

    it('fails with exit code 1 when the times cannot be recorded', async () => {
      const { timesDirectory, ask } = await makeSidecar()
      await writeFile(join(timesDirectory, '..'), 'a file, not the directory of the daemon')
      expect(await ask(['a 0 s1'])).toMatchObject({ exitCode: 1, lines: [''], stderr: expect.stringMatching(/\S/) })
    })
  },
  // Each answer starts some dozen processes.
  120_000,
)
