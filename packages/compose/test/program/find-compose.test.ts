import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findCompose } from '../../src/index.js'

/** A directory whose `bin` is the PATH, and which is the home directory. */
async function createMachine() {
  const home = await mkdtemp(join(tmpdir(), 'capstan-find-compose-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  const write = async (path: string, script: string, mode = 0o755) => {
    const file = join(home, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, `#!/bin/sh\necho called >>'${home}/calls'\n${script}\n`)
    await chmod(file, mode)
    return file
  }
  const readCalls = async () => (await readFile(join(home, 'calls'), 'utf8').catch(() => '')).split('\n').length - 1
  return { home, env: { PATH: `relative:${join(home, 'bin')}`, HOME: home }, write, readCalls }
}

describe('findCompose', () => {
  it('finds the program on PATH, and asks it for its version once', async () => {
    const { env, write, readCalls } = await createMachine()
    const path = await write('bin/docker-compose', 'echo v2.40.3-desktop.1')
    const found = { program: { path, version: '2.40.3' } }
    expect(await findCompose({ env })).toEqual(found)
    expect(await findCompose({ env })).toEqual(found)
    expect(await readCalls()).toBe(1)
  })

  it('finds a plugin of the docker CLI in the home directory or in DOCKER_CONFIG', async () => {
    const { home, env, write } = await createMachine()
    const inHome = await write('.docker/cli-plugins/docker-compose', 'echo 2.26.1')
    const configured = await write('config/cli-plugins/docker-compose', 'echo 5.0.0')
    expect(await findCompose({ env })).toEqual({ program: { path: inHome, version: '2.26.1' } })
    const DOCKER_CONFIG = join(home, 'config')
    expect(await findCompose({ env: { ...env, DOCKER_CONFIG } })).toEqual({
      program: { path: configured, version: '5.0.0' },
    })
  })

  it('passes over version 1 and programs that do not tell their version', async () => {
    const { env, write } = await createMachine()
    const old = await write('bin/docker-compose', 'echo 1.29.2')
    const plugin = await write('.docker/cli-plugins/docker-compose', 'echo what; exit 1')
    expect(await findCompose({ env })).toMatchObject({
      program: undefined,
      reason: expect.stringMatching(
        `^no Compose 2 was found: ${old} is Compose 1\\.29\\.2 and ${plugin} does not tell its`,
      ),
      remedy: expect.stringContaining('install Compose 2'),
    })
    const other = await write('other/docker-compose', 'echo 2.40.3')
    const PATH = `${env.PATH}:${dirname(other)}`
    expect(await findCompose({ env: { ...env, PATH } })).toMatchObject({ program: { path: other } })
  })

  it('starts no process without an executable file', async () => {
    const { home, env, write, readCalls } = await createMachine()
    await write('bin/docker-compose', 'echo 2.40.3', 0o644)
    await mkdir(join(home, '.docker/cli-plugins/docker-compose'), { recursive: true })
    expect(await findCompose({ env })).toMatchObject({ program: undefined, reason: 'no Compose 2 was found' })
    expect(await readCalls()).toBe(0)
  })

  it('looks only at the path that is given', async () => {
    const { home, env, write } = await createMachine()
    await write('bin/docker-compose', 'echo 2.40.3')
    const program = join(home, 'none')
    const reason = `there is no program ${program}`
    expect(await findCompose({ env, program })).toMatchObject({ program: undefined, reason })
  })
})
