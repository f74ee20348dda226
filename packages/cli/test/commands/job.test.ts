import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jobManagerCapability, type RuntimePlugin } from '@capstan/core'
import { type MemoryProcess, memoryPlugin } from '@capstan/runtime-memory'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { expectShortLines } from '../support/expect-short-lines.js'
import { FakeIo } from '../support/fake-io.js'
import { runCapstan } from '../support/run-capstan.js'

const env = { CAPSTAN_RUNTIME: 'memory' }

describe('capstan job run', () => {
  let plugins: readonly RuntimePlugin[]
  beforeEach(() => {
    plugins = [memoryPlugin()]
  })
  const run = (argv: readonly string[], more: object = {}) =>
    runCapstan(['job', 'run', ...argv], { env, plugins, ...more })
  const listAll = async () => (await runCapstan(['ps', '--all', '--quiet'], { env, plugins })).stdout

  it('passes output and exit code through, and leaves nothing', async () => {
    const result = await run(['-e', 'A=1', '-w', '/tmp', 'busybox', 'sh', '-c', 'echo $A; pwd; echo err >&2; exit 7'])
    expect(result).toEqual({ exitCode: 7, stdout: '1\n/tmp\n', stderr: 'err\n' })
    expect(await listAll()).toBe('')
  })

  it('passes the arguments after the image unchanged', async () => {
    expect((await run(['busybox', 'echo', '--json', '--file', 'x'])).stdout).toBe('--json --file x\n')
  })

  it('prints one JSON document with --json', async () => {
    const { exitCode, stdout } = await run(['--json', 'busybox', 'sh', '-c', 'echo out; exit 3'])
    expect(exitCode).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({
      runtime: 'memory',
      exitCode: 3,
      stdout: 'out\n',
      stderr: '',
      taskId: expect.any(String),
    })
  })

  it('says that the output of a job was cut at 16 MiB, with --file and --json', async () => {
    const write = async ({ stdout }: MemoryProcess) => {
      for (let written = 0; written <= 16; written += 1) {
        if (!stdout.write(Buffer.alloc(2 ** 20, 'a'))) await once(stdout, 'drain')
      }
      return 0
    }
    plugins = [memoryPlugin({ pullable: { 'chatty:1': { main: write } } })]
    const listed = await run(['--file', '-', 'chatty:1'], { stdin: 'one\n' })
    expect(listed).toMatchObject({
      exitCode: 0,
      stderr: 'capstan: warning: the output of "one" was cut at 16 MiB\n',
    })
    expect(listed.stdout).toHaveLength(16 * 2 ** 20)
    const document = await run(['--json', 'chatty:1'])
    expect(document.stderr).toBe('capstan: warning: the output of the job was cut at 16 MiB\n')
    expect(JSON.parse(document.stdout)).toMatchObject({ exitCode: 0, isTruncated: true })
    expect(JSON.parse((await run(['--json', 'busybox', 'true'])).stdout)).toMatchObject({ isTruncated: false })
  })

  it('exits with 127 for a command that the image does not have, and leaves nothing', async () => {
    const result = await run(['busybox', 'no-such-command'])
    expect(result).toMatchObject({ exitCode: 127, stderr: expect.stringContaining('no-such-command') })
    expect(await listAll()).toBe('')
  })

  it('runs a job for each line of a file, and exits with 1 when one fails', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'capstan-job-'))
    onTestFinished(() => rm(cwd, { recursive: true }))
    await writeFile(join(cwd, 'lines.txt'), 'echo one\n\nexit 5\r\necho three')
    const result = await run(['--file', 'lines.txt', '--concurrency', '1', 'busybox'], { cwd })
    expect(result.exitCode).toBe(1)
    expect(result.stdout).toBe('one\nthree\n')
    expect(result.stderr).toBe('exit 5: exit code 5\n1 of 3 jobs failed\n')
  })

  it('passes each line of stdin as the last argument of the command', async () => {
    const result = await run(['--file', '-', '--concurrency', '1', 'busybox', 'echo', 'hello'], { stdin: 'a b\nc\n' })
    expect(result).toEqual({ exitCode: 0, stdout: 'hello a b\nhello c\n', stderr: '' })
  })

  it('prints the results of all lines with --json', async () => {
    const { exitCode, stdout } = await run(['--file', '-', '--json', 'busybox'], { stdin: 'echo a\nexit 2\n' })
    expect(exitCode).toBe(1)
    const { jobs } = JSON.parse(stdout)
    expect(jobs.toSorted((one: { index: number }, other: { index: number }) => one.index - other.index)).toMatchObject([
      { index: 0, line: 'echo a', exitCode: 0, stdout: 'a\n' },
      { index: 1, line: 'exit 2', exitCode: 2 },
    ])
  })

  it('exits with 125 when a job of a list cannot be run', async () => {
    const result = await run(['--file', '-', 'missing:1', 'echo'], { stdin: 'a\n' })
    expect(result).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('a: ') })
  })

  it('runs on a node that meets --constraint, with secrets and configs of the cluster', async () => {
    plugins = [memoryPlugin({ cluster: { nodes: 2 } })]
    const { stdout, exitCode } = await run(['--json', '--constraint', 'node.role==worker', 'busybox', 'true'])
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ nodeId: expect.any(String) })
    const missing = await run(['--secret', 'source=absent,target=token', 'busybox', 'true'])
    expect(missing).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('absent') })
  })

  it.each([
    [['--cpus', 'x', 'busybox'], '--cpus must be'],
    [['--constraint', 'gpu', 'busybox'], '--constraint must be'],
    [['--network', 'a b', 'busybox'], '--network must be'],
    [['--secret', 'a=b', 'busybox'], '--secret must be'],
    [['--secret', 'a,b', 'busybox'], '--secret must be'],
    [['--config', 'source=a,target=', 'busybox'], '--config must be'],
    [['--concurrency', '2', 'busybox'], '--concurrency needs --file'],
    [['--file', 'x', '--concurrency', '0', 'busybox'], '--concurrency must be'],
    [['--file', 'no-such-file', 'busybox'], 'no-such-file'],
  ])('rejects %j before it opens a runtime', async (argv, message) => {
    const { exitCode, stderr } = await run(argv, { env: { CAPSTAN_RUNTIME: 'none' } })
    expect({ exitCode, stderr }).toEqual({ exitCode: 125, stderr: expect.stringContaining(message) })
  })

  it('names the option of a cluster, and the runtime that lacks it', async () => {
    const { exitCode, stderr } = await run(['--constraint', 'node.role==worker', 'busybox', 'true'])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('job-manager.constraints')
    expectShortLines(stderr)
  })

  it('exits with 125 where the runtime has no jobs', async () => {
    plugins = [memoryPlugin({ without: [jobManagerCapability] })]
    const { exitCode, stderr } = await run(['busybox', 'true'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 125, stderr: expect.stringContaining('jobs') })
  })

  it('removes the job after SIGINT', async () => {
    const io = new FakeIo({ env })
    const running = run(['busybox', 'sh', '-c', 'echo started; sleep 60'], { io })
    await expect.poll(() => io.stdout.text).toBe('started\n')
    io.signals.emit('SIGINT')
    expect((await running).exitCode).toBe(130)
    expect(await listAll()).toBe('')
  })
})
