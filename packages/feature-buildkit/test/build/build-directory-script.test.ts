import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { toDirectoryCommand, toRemovalCommand } from '../../src/build/build-directory-script.js'

const id = '01234567-89ab-cdef-0123-456789abcdef'
const shells = [['dash'], ['bash'], ['busybox', 'sh']].filter(
  ([program = '', ...words]) => spawnSync(program, [...words, '-c', 'true']).status === 0,
)

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-directory-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function listFolder(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name !== 'state').sort()
}

describe.runIf(process.platform === 'linux').each(shells)('the directory of a build, by %s %s', (...shell) => {
  async function hold(folder: string, name = `capstan-build-${id}-${Math.random().toString(16).slice(2)}`, env = {}) {
    const directory = join(folder, name)
    const timesDirectory = join(folder, 'state', 'times')
    const [, ...words] = toDirectoryCommand({ directory, timesDirectory, listBytes: 0 })
    const [program = '', ...before] = shell.filter((word) => word !== undefined)
    const child = spawn(program, [...before, ...words], { env: { ...process.env, ...env } })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = once(child, 'exit').then(([code]) => code)
    const output = once(child.stdout, 'data').then(([bytes]) => String(bytes))
    return { directory, memory: join('/dev/shm', name), child, ended, output: await Promise.race([output, ended]) }
  }

  it('is accessible to this user only while stdin is open, and is removed when stdin ends', async () => {
    const folder = await makeFolder()
    const { directory, memory, child, ended, output } = await hold(folder)
    expect(output).toBe('ready\n')
    await writeFile(join(directory, 'private', 'secret-0'), 'hunter22')
    await mkdir(join(directory, 'context', 'a'), { recursive: true })
    expect(await readFile(join(memory, 'secret-0'), 'utf8')).toBe('hunter22')
    child.stdin.end()
    expect(await ended).toBe(0)
    expect(await listFolder(folder)).toEqual([])
    await expect(readdir(memory)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('is removed when stdout and stderr are closed', async () => {
    const folder = await makeFolder()
    const { child, ended } = await hold(folder)
    child.stdout.destroy()
    child.stderr.destroy()
    child.stdin.destroy()
    expect(await ended).toBe(0)
    expect(await listFolder(folder)).toEqual([])
  })

  it('is removed while a process still writes files into it', async () => {
    const folder = await makeFolder()
    const { directory, child, ended } = await hold(folder)
    const script = 'cd "$1"; echo writes; n=0; while : >"file-$n" && [ $n -lt 20000 ]; do n=$((n+1)); done'
    const writer = spawn('sh', ['-c', script, 'writer', directory], { stdio: ['ignore', 'pipe', 'ignore'] })
    const written = once(writer, 'exit')
    await once(writer.stdout, 'data')
    child.stdin.end()
    expect(await ended).toBe(0)
    await written
    expect(await listFolder(folder)).toEqual([])
  })

  it('exits with 1 when the directory exists, and does not change it', async () => {
    const folder = await makeFolder()
    await mkdir(join(folder, 'taken'))
    const { ended } = await hold(folder, 'taken')
    expect(await ended).toBe(1)
    expect(await listFolder(folder)).toEqual(['taken'])
  })

  it('removes the directories of killed shells, and keeps those of running shells', async () => {
    const folder = await makeFolder()
    const killed = await hold(folder)
    killed.child.kill('SIGKILL')
    await killed.ended
    const running = await hold(folder, `capstan-build-${id}`)
    const next = await hold(folder, `capstan-build-${id.replace('0', '1')}`)
    expect(await listFolder(folder)).toEqual(
      [running.directory, next.directory].map((path) => path.slice(folder.length + 1)),
    )
    await expect(readdir(killed.memory)).rejects.toMatchObject({ code: 'ENOENT' })
    for (const { child, ended } of [running, next]) {
      child.stdin.end()
      await ended
    }
  })

  it.each([
    { title: 'the programs of that build that read the command line fail', programs: ['tr', 'grep'], exitCode: 2 },
    { title: 'its command line is empty', programs: ['tr'], exitCode: 0 },
  ])('is not removed by another build when its shell runs and $title', async ({ programs, exitCode }) => {
    const folder = await makeFolder()
    const bin = await makeFolder()
    for (const program of programs) {
      await writeFile(join(bin, program), `#!/bin/sh\nexit ${exitCode}\n`)
      await chmod(join(bin, program), 0o755)
    }
    const running = await hold(folder)
    const next = await hold(folder, `capstan-build-${id}`, { PATH: `${bin}${delimiter}${process.env.PATH}` })
    expect(await listFolder(folder)).toEqual([running, next].map(({ directory }) => basename(directory)).sort())
  })

  it('is removed by another build when its shell is a zombie, and when its PID belongs to another command', async () => {
    const folder = await makeFolder()
    // `sleep` does not wait for the child that it takes over from the shell, so the child becomes a zombie when stdin ends.
    const parent = spawn('sh', ['-c', 'exec 3<&0; cat <&3 & exec 3<&-; echo $!; exec sleep 600 </dev/null'])
    onTestFinished(() => void parent.kill('SIGKILL'))
    const [printed] = await once(parent.stdout, 'data')
    const zombie = String(printed).trim()
    await expect.poll(() => readFile(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n')
    parent.stdin.end()
    await expect.poll(() => readFile(`/proc/${zombie}/status`, 'utf8')).toMatch(/^State:\tZ/m)
    for (const [index, pid] of [zombie, process.pid].entries()) {
      await mkdir(join(folder, `capstan-build-${id}-${index}`))
      await writeFile(join(folder, `capstan-build-${id}-${index}`, 'pid'), `${pid}\n`)
    }
    const next = await hold(folder)
    expect(await listFolder(folder)).toEqual([basename(next.directory)])
  })

  it('is not removed by another build while its file "pid" is empty', async () => {
    const folder = await makeFolder()
    const beginning = join(folder, `capstan-build-${id}`)
    await mkdir(beginning)
    await writeFile(join(beginning, 'pid'), '')
    const { child, ended } = await hold(folder)
    child.stdin.end()
    expect(await ended).toBe(0)
    expect(await listFolder(folder)).toEqual([`capstan-build-${id}`])
  })

  it('is removed by the removal command', async () => {
    const folder = await makeFolder()
    const { directory, memory, child, ended } = await hold(folder)
    child.kill('SIGKILL')
    await ended
    const [sh = '', ...words] = toRemovalCommand(directory)
    expect(spawnSync(sh, words).status).toBe(0)
    expect(await listFolder(folder)).toEqual([])
    await expect(readdir(memory)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
