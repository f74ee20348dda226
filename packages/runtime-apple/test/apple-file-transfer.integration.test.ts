import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { type ArchiveEntry, packEntries, readArchive } from '@capstan/build-context'
import {
  type ContainerConfig,
  type ExecManager,
  execManagerCapability,
  type FileTransfer,
  fileTransferCapability,
  type Runtime,
  requireCapabilities,
} from '@capstan/core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { describeWithSimulator } from './simulator/describe-with-simulator.js'
import { type OpenApple, openApple } from './simulator/open-apple.js'
import { type Simulator, startSimulator } from './simulator/start-simulator.mjs'

const limits = { timeout: 20_000, interval: 50 }
let simulator: Simulator
let opened: OpenApple
let runtime: Runtime
let files: FileTransfer
let execs: ExecManager

async function start(config: Partial<ContainerConfig> = {}): Promise<string> {
  const id = await runtime.createContainer({ image: simulator.image, command: ['sleep', '60'], ...config })
  await runtime.startContainer(id)
  return id
}

/** Runs a script in a container, and resolves with its output. */
async function run(id: string, script: string): Promise<string> {
  await using process = await execs.exec(id, ['sh', '-c', script])
  const [output] = await Promise.all([buffer(process.stdout), buffer(process.stderr)])
  expect(await process.exitCode).toBe(0)
  return output.toString()
}

/** Replaces a program in a container by a function of its shell, because that shell runs programs of busybox without a file. */
async function replaceProgram(id: string, name: string, script: string): Promise<void> {
  const shell = [
    '#!/bin/busybox sh',
    `${name}() { ${script}; }`,
    'given=$2',
    'shift $(($# > 2 ? 3 : 2))',
    'eval "$given"',
  ]
  const content = Buffer.from(shell.join('\n'))
  const open = async function* () {
    yield content
  }
  await files.putArchive(id, '/bin', pack({ path: 'sh', mode: 0o755, sizeBytes: content.length, open }))
}

/** Counts the processes in a container whose command matches. */
async function countProcesses(id: string, pattern: string): Promise<string> {
  return (await run(id, `ps -o args | grep -c "${pattern}" || :`)).trim()
}

function pack(...entries: readonly Partial<ArchiveEntry>[]): AsyncIterable<Uint8Array> {
  const common = { path: 'file', type: 'file', mode: 0o644, sizeBytes: 0, modifiedAt: new Date(0) } as const
  return packEntries(entries.map((given) => ({ ...common, async *open() {}, ...given })))
}

async function listNames(id: string, path: string): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { header } of readArchive(await files.getArchive(id, path))) names.push(header.name)
  return names
}

describeWithSimulator('file transfer of the Apple runtime', () => {
  beforeAll(async () => {
    simulator = await startSimulator()
    opened = await openApple(simulator)
    runtime = opened.scope.runtime
    const needs = { files: fileTransferCapability, execs: execManagerCapability }
    const managers = requireCapabilities(opened.scope, needs)
    files = managers.files
    execs = managers.execs
  })
  afterAll(async () => {
    await opened[Symbol.asyncDispose]()
    await simulator.close()
  })

  it('writes names and targets of links that are long, not ASCII, or lead out of the directory', async () => {
    const id = await start()
    const directory = `ü${'d'.repeat(120)}`
    const target = `../../${'t'.repeat(120)}`
    await files.putArchive(
      id,
      '/tmp',
      pack(
        { path: directory, type: 'directory', mode: 0o755 },
        { path: `${directory}/ä` },
        { path: `${directory}/link`, type: 'symlink', linkTarget: target, uid: 1234, gid: 4321 },
        { path: `${directory}/absolute`, type: 'symlink', linkTarget: '/etc/passwd' },
      ),
    )
    expect((await listNames(id, `/tmp/${directory}`)).toSorted()).toEqual(
      ['/', '/absolute', '/link', '/ä'].map((name) => `${directory}${name}`),
    )
    const link = `/tmp/${directory}/link`
    expect(await run(id, `readlink ${link}; stat -c '%u:%g %Y' ${link}`)).toBe(`${target}\n1234:4321 0\n`)
    expect(await files.statPath(id, link)).toMatchObject({ type: 'symlink', linkTarget: `/${'t'.repeat(120)}` })
    await runtime.removeContainer(id)
  })

  it('resolves all links of the target of a link that leads to a missing file', async () => {
    const id = await start()
    await run(
      id,
      'cd /tmp; mkdir real; ln -s real folder; ln -s folder/none first; ln -s first second; ln -s second second-2',
    )
    const target = { type: 'symlink', linkTarget: '/tmp/real/none' }
    for (const name of ['first', 'second', 'second-2'])
      expect(await files.statPath(id, `/tmp/${name}`)).toMatchObject(target)
    await run(id, 'ln -s loop /tmp/loop')
    expect(await files.statPath(id, '/tmp/loop')).toMatchObject({ type: 'symlink', linkTarget: '/tmp/loop' })
    await runtime.removeContainer(id)
  })

  it('keeps a backslash in the target of a link where echo of the shell interprets it', async () => {
    const id = await start()
    await run(id, "ln -s 'a\\tb' /tmp/link")
    await replaceProgram(id, 'echo', `printf '%b\\n' "$1"`)
    expect(await files.statPath(id, '/tmp/link')).toMatchObject({ linkTarget: '/tmp/a\\tb' })
    await runtime.removeContainer(id)
  })

  it('archives / with names relative to it, without the filesystems of the kernel', async () => {
    const id = await start()
    const names = await listNames(id, '/')
    expect(names).toEqual(expect.arrayContaining(['etc/', 'etc/passwd', 'bin/sh']))
    expect(names.filter((name) => /^(\/|proc|dev)/.test(name))).toEqual([])
    await runtime.removeContainer(id)
  })

  it('rejects with OPTION_UNSUPPORTED for a container that does not run, and executes nothing', async () => {
    const id = await runtime.createContainer({ image: simulator.image, command: ['true'] })
    const rejection = { code: 'OPTION_UNSUPPORTED', facts: { field: 'files.stopped', given: '"created"' } }
    await expect(files.putArchive(id, '/tmp', pack({}))).rejects.toMatchObject(rejection)
    await expect(files.getArchive(id, '/tmp')).rejects.toMatchObject(rejection)
    await expect(files.statPath(id, '/tmp')).rejects.toMatchObject(rejection)
    expect(simulator.calls().filter(({ argv }) => argv[0] === 'exec' && argv.includes(id))).toEqual([])
    await runtime.removeContainer(id)
  })

  it('rejects with OPERATION_FAILED and the name of a program that the image lacks', async () => {
    const id = await start()
    await replaceProgram(id, 'tar', 'echo "sh: tar: not found" >&2; return 127')
    const facts = { reason: expect.stringMatching(/^its image lacks a program that this needs: .*tar/) }
    const rejection = { code: 'OPERATION_FAILED', facts }
    await expect(files.putArchive(id, '/tmp', pack({}))).rejects.toMatchObject(rejection)
    const archive = await files.getArchive(id, '/tmp')
    await expect(buffer(archive)).rejects.toMatchObject(rejection)
    await run(id, 'rm /bin/sh')
    await expect(files.statPath(id, '/tmp')).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: expect.stringContaining('sh') },
    })
    await runtime.removeContainer(id)
  })

  it('rejects with OPERATION_FAILED when the container lacks the right to change owners', async () => {
    const id = await start({ capDrop: ['ALL'] })
    await files.putArchive(id, '/tmp', pack({ path: 'own' }))
    await expect(files.putArchive(id, '/tmp', pack({ path: 'other', uid: 1234 }))).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { operation: 'putArchive', subject: id, reason: expect.stringContaining('CHOWN') },
    })
    await runtime.removeContainer(id)
  })

  it('rejects when tar ends before it has read a source that sends nothing', async () => {
    const id = await start()
    await replaceProgram(id, 'tar', 'echo broken >&2; exit 3')
    async function* silent(): AsyncGenerator<Uint8Array, void> {
      await new Promise(() => {})
    }
    const facts = { status: 3, reason: 'broken' }
    await expect(files.putArchive(id, '/tmp', silent())).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts })
    await runtime.removeContainer(id)
  })

  it.each([
    ['tar fails', 'printf part; echo broken >&2; exit 3'],
    ['tar is killed', 'printf part; kill -9 $$'],
    ['the output is incomplete although the exit code is 0', 'printf part; exit 0'],
  ])('fails the archive with OPERATION_FAILED when %s', async (_, script) => {
    const id = await start()
    await replaceProgram(id, 'tar', script)
    const archive = await files.getArchive(id, '/etc')
    await expect(buffer(archive)).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
    await runtime.removeContainer(id)
  })

  it('kills a tar that has printed nothing when the archive is destroyed', async () => {
    const id = await start()
    await replaceProgram(id, 'tar', 'sleep 4321')
    const archive = await files.getArchive(id, '/etc')
    await vi.waitFor(async () => expect(await countProcesses(id, 'sleep 432[1]')).toBe('1'), limits)
    archive.destroy()
    await vi.waitFor(async () => expect(await countProcesses(id, 'sleep 432[1]')).toBe('0'), limits)
    await runtime.removeContainer(id)
  })

  it('kills tar when the archive is destroyed, and fails an unread one with RUNTIME_UNAVAILABLE at close', async () => {
    const id = await start()
    await replaceProgram(id, 'tar', 'exec yes')
    const archive = await files.getArchive(id, '/etc')
    await once(archive, 'readable')
    expect(await countProcesses(id, 'y[e]s')).toBe('1')
    archive.destroy()
    await vi.waitFor(async () => expect(await countProcesses(id, 'y[e]s')).toBe('0'), limits)
    const other = await openApple(simulator)
    const { transfer } = requireCapabilities(other.scope, { transfer: fileTransferCapability })
    const unread = await transfer.getArchive(id, '/etc')
    await other[Symbol.asyncDispose]()
    await expect(buffer(unread)).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    await runtime.removeContainer(id)
  })
})
