import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bin } from './support/spawn-capstan.js'

// Runs the compiled command, and needs no engine.
const pnpmCommand = join(fileURLToPath(new URL('../../../node_modules', import.meta.url)), '.bin', 'capstan')

describe.each(['a link, as npm creates it', 'a script, as pnpm creates it'])('capstan installed as %s', (how) => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capstan with a space '))
    await symlink(bin, join(folder, 'capstan'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const run = (...argv: string[]) => {
    const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`
    const env = { PATH: path, DOCKER_HOST: 'unix:///missing/docker.sock' }
    const command = how.startsWith('a link') ? join(folder, 'capstan') : pnpmCommand
    return execa('sh', [command, ...argv], { reject: false, env, cwd: folder })
  }

  it('passes arguments unchanged', async () => {
    expect(await run('run', '-p', 'a b', 'busybox', '')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(/^capstan run: --publish must be .*, not "a b"/),
    })
  })

  it('does not let Node.js read the environment file of the container', async () => {
    expect(await run('run', '--env-file', 'no-such-file', 'busybox')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(/^capstan run: the environment file .*no-such-file cannot be read/),
    })
    await writeFile(join(folder, 'env'), 'NODE_OPTIONS=--require /app/no-such-module.js\n')
    expect(await run('run', '--env-file', 'env', 'busybox')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(/^capstan run: .*missing\/docker\.sock/s),
    })
  })
})
