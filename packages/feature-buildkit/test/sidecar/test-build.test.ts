import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { toTestBuildCommand } from '../../src/sidecar/test-build.js'

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-scripts-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

describe('the script of the test build', () => {
  /** Installs a `buildctl` that records its arguments and files, and then executes a line of shell. */
  async function prepare(lastLine: string) {
    const folder = await makeFolder()
    const programs = join(folder, 'programs')
    await mkdir(programs)
    const buildctl = `#!/bin/sh
echo "$*" >>${folder}/calls
for word; do case $word in --local=*) mkdir -p ${folder}/given; cp -r "\${word##*=}/." ${folder}/given;; esac; done
echo called; ${lastLine}
`
    await writeFile(join(programs, 'buildctl'), buildctl)
    await chmod(join(programs, 'buildctl'), 0o755)
    const env = { ...process.env, PATH: `${programs}:${process.env.PATH}` }
    const createPath = () => join(folder, `build-${randomUUID()}`)
    const start = () => {
      const [sh = '', ...words] = toTestBuildCommand(createPath())
      const child = spawn(sh, [...words.slice(0, -1), join(folder, 'succeeded')], { env, detached: true })
      const killAll = () => process.kill(-(child.pid ?? 0), 'SIGKILL')
      return { child, killAll, ended: once(child, 'exit').then(([exitCode]) => exitCode) }
    }
    const run = () => start().ended
    const countCalls = async () => (await readFile(join(folder, 'calls'), 'utf8')).trimEnd().split('\n').length
    const listDirectories = async () => (await readdir(folder)).filter((name) => name.startsWith('build-'))
    return { folder, createPath, start, run, countCalls, listDirectories }
  }

  it('builds one RUN in an image with a shell and its libraries, and does nothing after a success', async () => {
    const { folder, run, countCalls, listDirectories } = await prepare('exit 0')
    expect([await run(), await run(), await countCalls()]).toEqual([0, 0, 1])
    expect(await listDirectories()).toEqual([])
    expect(await readFile(join(folder, 'given/Dockerfile'), 'utf8')).toBe('FROM scratch\nCOPY . /\nRUN :\n')
    expect(await readFile(join(folder, 'calls'), 'utf8')).toMatch(
      /^build --progress=rawjson --frontend=dockerfile\.v0 /,
    )
    // chroot, which tests whether the shell starts there, requires root.
    if (process.getuid?.() !== 0) return
    const [code] = await once(spawn('sh', ['-c', 'chroot "$0" /bin/sh -c :', join(folder, 'given')]), 'exit')
    expect(code).toBe(0)
  })

  it('exits with the code of a failed build, and builds again in the next call', async () => {
    const { run, countCalls, listDirectories } = await prepare('exit 1')
    expect([await run(), await run(), await countCalls()]).toEqual([1, 1, 2])
    expect(await listDirectories()).toEqual([])
  })

  it('removes its directory when it is terminated', async () => {
    const { start, listDirectories } = await prepare('kill -TERM $PPID')
    expect(await start().ended).toBe(1)
    expect(await listDirectories()).toEqual([])
  })
})
