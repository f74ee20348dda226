import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { toDirectoryCommand } from '../src/build/build-directory-script.js'
import { toCloseCommand, toDaemonCommand, toLeashedCommand, toLeashInput, toRunProofCommand } from '../src/scripts.js'

/** Says that it serves, and ends with this code: at once, or after SIGTERM. */
const daemonOf = (code: number) => `trap 'exit ${code}' TERM; echo serves; while :; do sleep 0.01; done`

/** Before bash notes the number of the daemon that it has just started: the daemon serves, and SIGTERM comes. */
const stopBetween = `trap 'case $BASH_COMMAND in "p=\\$!") sleep 0.2; kill -TERM $$;; esac' DEBUG`

/** Programs to be found first: this mkdir sends SIGTERM to the script, too. */
const stopEarly = `#!/bin/sh\nPATH=/bin:/usr/bin mkdir "$@"; kill -TERM $PPID`

interface ScriptSurroundings {
  readonly folder?: string
  /** Of bash, which runs the script then. */
  readonly startup?: string
  /** A program instead of mkdir. */
  readonly mkdir?: string
  /** Default: longer than a test may take. */
  readonly stopMs?: number
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-scripts-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

/** The script as the sidecar runs it, in a directory of its own: by this machine's sh, or by bash with a startup. */
async function startScript(
  daemon: string,
  { startup, mkdir: program, stopMs = 60_000, ...given }: ScriptSurroundings = {},
) {
  const folder = given.folder ?? (await makeFolder())
  const programs = join(folder, 'programs')
  await mkdir(programs)
  if (program !== undefined) {
    await writeFile(join(programs, 'mkdir'), program)
    await chmod(join(programs, 'mkdir'), 0o755)
  }
  const env = { ...process.env, BASH_ENV: join(folder, 'startup'), PATH: `${programs}:${process.env.PATH}` }
  await writeFile(env.BASH_ENV, startup ?? '')
  const directory = join(folder, 'leases')
  const { entrypoint, command } = toDaemonCommand({
    orphanMs: 60_000,
    stopMs,
    config: 'gc = true',
    awaitsCertificates: false,
    daemon: ['sh', '-c', daemon],
  })
  const [sh = '', ...words] = [...entrypoint, directory, ...command.slice(1)]
  const child = spawn(startup === undefined ? sh : 'bash', words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    env,
  })
  onTestFinished(() => void process.kill(-(child.pid ?? 0), 'SIGKILL'))
  return { directory, child, ended: once(child, 'exit').then(([code]) => code) }
}

describe('the script of the daemon', () => {
  it('ends with 0 where it was ended for want of leases, though the daemon ends with 1', async () => {
    const { directory, child, ended } = await startScript(daemonOf(1))
    await once(child.stdout, 'data')
    await rmdir(directory)
    process.kill(Number(await readFile(`${directory}.pid`, 'utf8')), 'SIGTERM')
    expect(await ended).toBe(0)
  })

  it('ends with the code of the daemon where somebody else stops it, after that has ended', async () => {
    const { child, ended } = await startScript(`${daemonOf(1).replace('exit', 'sleep 0.2; echo last; exit')}`)
    await once(child.stdout, 'data')
    const rest = text(child.stdout)
    child.kill('SIGTERM')
    expect(await ended).toBe(1)
    expect(await rest).toBe('last\n')
  })

  it('stops the daemon where it is stopped at the very start, too', async () => {
    const { child, ended } = await startScript(daemonOf(1).replace('exit', 'echo last; exit'), {
      startup: stopBetween,
    })
    const printed = text(child.stdout)
    expect(await ended).toBe(1)
    expect(await printed).toBe('serves\nlast\n')
  })

  it('starts no daemon, which would not hear of it, where it is stopped before', async () => {
    const scripts = Array.from({ length: 4 }, () => startScript(daemonOf(1), { mkdir: stopEarly }))
    const ends = scripts.map(async (script) => (await script).ended)
    expect(await Promise.all(ends)).toEqual([143, 143, 143, 143])
  })

  it('is stopped, too, by one who wants to close it before it has noted its number', async () => {
    const folder = await makeFolder()
    const [sh = '', ...words] = toCloseCommand()
    const closing = spawn(sh, [...words.slice(0, -1), join(folder, 'leases')], { stdio: ['ignore', 'pipe', 'pipe'] })
    const said = Promise.all([text(closing.stdout), text(closing.stderr)])
    const { ended } = await startScript(daemonOf(1), { folder })
    expect(await ended).toBe(0)
    expect(await said).toEqual(['last\n', ''])
  })

  it('knows nothing of leases that an earlier run of its container has left', async () => {
    const folder = await makeFolder()
    await mkdir(join(folder, 'leases', 'an-old-one'), { recursive: true })
    const { directory, child, ended } = await startScript(daemonOf(1), { folder })
    await once(child.stdout, 'data')
    await rmdir(directory)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('removes the directories of builds that an earlier run of its container has left, and its own at its end', async () => {
    const folder = await makeFolder()
    await mkdir(join(folder, 'build-of-before', 'context'), { recursive: true })
    const { child, ended } = await startScript(daemonOf(1), { folder })
    await once(child.stdout, 'data')
    await expect(readdir(folder)).resolves.not.toContain('build-of-before')
    await mkdir(join(folder, 'build-of-now', 'context'), { recursive: true })
    child.kill('SIGTERM')
    expect(await ended).toBe(1)
    await expect(readdir(folder)).resolves.not.toContain('build-of-now')
  })

  it('kills a daemon that is frozen when SIGTERM comes', async () => {
    const { child, ended } = await startScript(`trap '' TERM; echo serves; kill -STOP $$`, { stopMs: 10 })
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    expect(await ended).toBe(137)
  })

  it('ends with the code of a daemon that ends by itself', async () => {
    const { ended } = await startScript('exit 9')
    expect(await ended).toBe(9)
  })
})

describe('the script of a leash', () => {
  function startLeashed(...command: readonly string[]) {
    const [sh = '', ...words] = toLeashedCommand(command)
    const child = spawn(sh, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    return { child, printed: text(child.stdout), ended: once(child, 'exit').then(([code]) => code) }
  }

  it.each(['plain', '', ' a = b ', 'two\nlines\n\n', '\\n $(id) %s "\'`\\c\r', 'ü'])(
    'gives the command %j as it came by stdin, and ends with its code',
    async (value) => {
      const { child, printed, ended } = startLeashed('sh', '-c', 'printf %s "$ONE-$TWO"; exit 4')
      child.stdin.write(toLeashInput({ ONE: value, TWO: 'two' }))
      expect(await printed).toBe(`${value}-two`)
      expect(await ended).toBe(4)
    },
  )

  it.each(['', toLeashInput({ ONE: '1' })])('ends the command when stdin ends, after %j', async (input) => {
    const { child, ended } = startLeashed('sleep', '60')
    child.stdin.end(input)
    expect(await ended).toBe(143)
  })
})

describe('the script that tries a RUN', () => {
  /** Runs it with a `buildctl` that keeps what it is given, and then ends as this line of shell says. */
  async function prepare(buildctlEnd: string) {
    const folder = await makeFolder()
    const programs = join(folder, 'programs')
    await mkdir(programs)
    const buildctl = `#!/bin/sh
echo "$*" >>${folder}/calls
for word; do case $word in --local=*) mkdir -p ${folder}/given; cp -r "\${word##*=}/." ${folder}/given;; esac; done
echo called; ${buildctlEnd}
`
    await writeFile(join(programs, 'buildctl'), buildctl)
    await chmod(join(programs, 'buildctl'), 0o755)
    const env = { ...process.env, PATH: `${programs}:${process.env.PATH}` }
    const createPath = () => join(folder, `build-${randomUUID()}`)
    const start = () => {
      const [sh = '', ...words] = toRunProofCommand(createPath())
      const child = spawn(sh, [...words.slice(0, -1), join(folder, 'works')], { env, detached: true })
      const killAll = () => process.kill(-(child.pid ?? 0), 'SIGKILL')
      return { child, killAll, ended: once(child, 'exit').then(([exitCode]) => exitCode) }
    }
    const run = () => start().ended
    const countCalls = async () => (await readFile(join(folder, 'calls'), 'utf8')).trimEnd().split('\n').length
    const listDirectories = async () => (await readdir(folder)).filter((name) => name.startsWith('build-'))
    return { folder, createPath, start, run, countCalls, listDirectories }
  }

  it('builds a RUN on a root with a shell and its libraries, once where it works', async () => {
    const { folder, run, countCalls, listDirectories } = await prepare('exit 0')
    expect([await run(), await run(), await countCalls()]).toEqual([0, 0, 1])
    expect(await listDirectories()).toEqual([])
    expect(await readFile(join(folder, 'given/Dockerfile'), 'utf8')).toBe('FROM scratch\nCOPY . /\nRUN :\n')
    expect(await readFile(join(folder, 'calls'), 'utf8')).toMatch(
      /^build --progress=rawjson --frontend=dockerfile\.v0 /,
    )
    // Only root may try whether the shell starts there.
    if (process.getuid?.() !== 0) return
    const [code] = await once(spawn('sh', ['-c', 'chroot "$0" /bin/sh -c :', join(folder, 'given')]), 'exit')
    expect(code).toBe(0)
  })

  it('ends with the code of the build that failed, and tries again the next time', async () => {
    const { run, countCalls, listDirectories } = await prepare('exit 1')
    expect([await run(), await run(), await countCalls()]).toEqual([1, 1, 2])
    expect(await listDirectories()).toEqual([])
  })

  it('removes its directory when it is terminated', async () => {
    const { start, listDirectories } = await prepare('kill -TERM $PPID')
    expect(await start().ended).toBe(1)
    expect(await listDirectories()).toEqual([])
  })

  it.runIf(process.platform === 'linux')(
    'leaves a directory that the next build removes when it is killed',
    async () => {
      const { folder, createPath, start, listDirectories } = await prepare('exec sleep 60')
      const { child, killAll, ended } = start()
      await once(child.stdout, 'data')
      expect(await listDirectories()).toHaveLength(1)
      killAll()
      await ended
      const plan = { directory: createPath(), timesDirectory: join(folder, 'times'), listBytes: 0 }
      const [sh = '', ...words] = toDirectoryCommand(plan)
      const build = spawn(sh, words, { stdio: ['pipe', 'ignore', 'inherit'] })
      build.stdin.end()
      await once(build, 'exit')
      expect(await listDirectories()).toEqual([])
    },
  )
})
