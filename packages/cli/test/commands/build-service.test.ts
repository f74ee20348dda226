import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RuntimePlugin } from '@capstan/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeDaemon } from '../../../buildkit-client/test/support/fake-daemon.js'
import { createSimulatedImage } from '../../../feature-buildkit/test/support/simulated-buildkit.js'
import { memoryPluginWithService } from '../support/memory-plugin-with-service.js'
import { runCapstan } from '../support/run-capstan.js'

const env = { CAPSTAN_RUNTIME: 'memory', TOKEN: 'hunter2' }
let plugins: readonly RuntimePlugin[]
let cwd: string

const capstan = (argv: readonly string[], more: object = {}) => runCapstan(argv, { env, plugins, cwd, ...more })

beforeEach(async () => {
  plugins = [memoryPluginWithService(new FakeDaemon({ store: 'docker' }))]
  cwd = await mkdtemp(join(tmpdir(), 'capstan service '))
  await writeFile(join(cwd, 'Dockerfile'), 'FROM scratch\nCOPY note.txt /note.txt\n')
  await writeFile(join(cwd, 'note.txt'), 'from the context\n')
})
afterEach(() => rm(cwd, { recursive: true }))

describe("capstan build with the engine's BuildKit", () => {
  it.each(['auto', 'engine', 'buildkit'])('builds with --builder %s, and says so in one line', async (builder) => {
    const { exitCode, stdout, stderr } = await capstan(['build', '-t', 'app', '--builder', builder])
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'app\n' })
    expect(stderr.split('\n')[0]).toBe("Building with the engine's BuildKit v0.32.2")
    expect(stderr).toMatch(/^#\d+ \[.*\] COPY note\.txt/m)
    expect(stderr).toMatch(/\nBuilt app on memory with BuildKit in \S+\n$/)
  })

  it('prints the builder, its version and the result as JSON lines', async () => {
    const { stdout } = await capstan(['build', '-t', 'app', '--progress', 'json'])
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events[0]).toMatchObject({ event: 'builder', builder: 'build-service', version: 'v0.32.2', reasons: [] })
    expect(events.at(-1)).toMatchObject({
      event: 'result',
      builder: 'build-service',
      imageId: expect.stringMatching(/^sha256:/),
      ref: expect.any(String),
    })
  })

  it('prints only the ID with --quiet, and writes it and the metadata to files', async () => {
    const argv = ['build', '-t', 'app', '--quiet', '--iidfile', 'id', '--metadata-file', 'metadata.json']
    const { stdout, stderr } = await capstan(argv)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/)
    expect(`${await readFile(join(cwd, 'id'), 'utf8')}\n`).toBe(stdout)
    expect(JSON.parse(await readFile(join(cwd, 'metadata.json'), 'utf8'))).toHaveProperty(['containerimage.digest'])
  })

  it('uses the ignore file beside a Dockerfile outside of the context, and says if the builder cannot', async () => {
    await mkdir(join(cwd, 'context'))
    for (const name of ['used', 'ignored']) await writeFile(join(cwd, 'context', name), name)
    await writeFile(join(cwd, 'other'), 'FROM scratch\nCOPY . /\n')
    await writeFile(join(cwd, 'other.dockerignore'), 'ignored\n')
    expect(await capstan(['build', '-o', 'out', '-f', 'other', 'context'])).toMatchObject({ exitCode: 0 })
    expect(await readdir(join(cwd, 'out'))).toEqual(['used'])
    const { stderr } = await capstan(['build', '--builder', 'runtime', '-t', 'app', '-f', 'other', 'context'])
    expect(stderr).toMatch(
      /^capstan: warning: .*does not support ".*other\.dockerignore": only \.dockerignore is used$/m,
    )
  })

  it('shows the name of a Dockerfile outside of the context', async () => {
    await mkdir(join(cwd, 'context'))
    await writeFile(join(cwd, 'other'), 'FROM scratch\nRUN exit 9\n')
    const { stderr } = await capstan(['build', '-f', 'other', 'context'])
    expect(stderr).toMatch(/^#1 \[internal\] load build definition from other$/m)
    expect(stderr).toMatch(/^other:2$/m)
  })

  it('builds for a platform without an architecture', async () => {
    expect(await capstan(['build', '-t', 'app', '--platform', 'linux'])).toMatchObject({ exitCode: 0, stdout: 'app\n' })
  })

  it('reads a local cache from a directory relative to the working directory', async () => {
    const { exitCode, stderr } = await capstan(['build', '-t', 'app', '--cache-from', 'type=local,src=cache'])
    expect(exitCode).toBe(0)
    expect(stderr).toContain(`The local cache ${join(cwd, 'cache')} has no manifest`)
  })

  it('builds an image without a tag, and prints its ID', async () => {
    const { exitCode, stdout, stderr } = await capstan(['build'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/)
    expect(stderr).toMatch(/\nBuilt sha256:[0-9a-f]{64} on memory with BuildKit in \S+\n$/)
    const { stdout: json } = await capstan(['build', '--json'])
    expect(JSON.parse(json)).toMatchObject({ tags: [], imageId: stdout.trim() })
  })

  it('writes the files of the last stage to a directory, or as an archive to stdout', async () => {
    expect(await capstan(['build', '-o', 'out'])).toMatchObject({ exitCode: 0, stdout: '' })
    expect(await readFile(join(cwd, 'out/note.txt'), 'utf8')).toBe('from the context\n')
    const { stdout, stderr } = await capstan(['build', '-o', '-'])
    expect(stdout).toContain('from the context\n')
    expect(stderr).toMatch(/Built with BuildKit in .*, and wrote the files to stdout; no image was made\n$/)
  })

  it('passes secrets to the steps, and shows none', async () => {
    const secret = 'RUN --mount=type=secret,id=TOKEN,required=true true'
    const stdin = `FROM scratch\nCOPY note.txt /\n${secret}\n`
    const missing = await capstan(['build', '-t', 'app', '-f', '-', '.'], { stdin })
    expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('secret TOKEN: not found') })
    const given = await capstan(['build', '-t', 'app', '-f', '-', '--secret', 'id=TOKEN', '.'], { stdin })
    expect(given.exitCode).toBe(0)
    expect(given.stderr).not.toContain('hunter2')
  })

  it('names the option that the engine does not support', async () => {
    const { exitCode, stderr } = await capstan(['build', '-t', 'app', '--builder', 'engine', '--push'])
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^capstan build: /m)
    expect(stderr).toMatch(/push/)
  })

  it.each([
    [
      'the engine does not support the archive',
      ['-o', 'type=oci,dest=note.txt', '--builder', 'engine'],
      125,
      /archives/,
    ],
    ['a step fails', ['-o', 'type=tar,dest=note.txt', '-f', 'failing'], 1, /exit code 9/],
  ] as const)('keeps the file of an archive when %s', async (_, argv, exitCode, stderr) => {
    await writeFile(join(cwd, 'failing'), 'FROM scratch\nRUN exit 9\n')
    const result = await capstan(['build', ...argv])
    expect(result).toMatchObject({ exitCode, stderr: expect.stringMatching(stderr) })
    expect(await readFile(join(cwd, 'note.txt'), 'utf8')).toBe('from the context\n')
  })

  it('creates no file for an archive that the engine does not support', async () => {
    expect(await capstan(['build', '--builder', 'engine', '-o', 'type=oci,dest=app.tar'])).toMatchObject({
      exitCode: 125,
    })
    expect(await readdir(cwd)).toEqual(['Dockerfile', 'note.txt'])
  })

  it('replaces the file of an archive', async () => {
    await writeFile(join(cwd, 'files.tar'), 'x'.repeat(1e6))
    expect(await capstan(['build', '-o', 'type=tar,dest=files.tar'])).toMatchObject({ exitCode: 0 })
    const archive = await readFile(join(cwd, 'files.tar'), 'latin1')
    expect(archive).toMatch(/^note\.txt[\s\S]*from the context/)
    expect(archive).not.toContain('xxx')
  })

  it.runIf(process.platform === 'linux')('explains the error of an archive that cannot be written', async () => {
    const { exitCode, stderr } = await capstan(['build', '-o', 'type=tar,dest=/dev/full'])
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^capstan build: the output \/dev\/full cannot be written: no space is left$/m)
  })

  it.each([
    [['-o', 'note.txt'], /^capstan build: the output .*note\.txt is not a directory\n$/],
    [['-o', 'type=tar,dest=.'], /^capstan build: the output .* cannot be written: it is a directory\n$/],
    [
      ['-o', 'type=tar,dest=none/a'],
      /^capstan build: the output .*none\/a cannot be written: its directory does not exist/,
    ],
    [['--cache-to', 'type=local,dest=note.txt'], /^capstan build: --cache-to: .*note\.txt is not a directory\n$/],
    [['--iidfile', 'none/id'], /^capstan build: --iidfile none\/id cannot be written: its directory does not exist\n$/],
    [['--metadata-file', '.'], /^capstan build: --metadata-file \. cannot be written: it is a directory\n$/],
    [
      ['--metadata-file', 'note.txt/a'],
      /^capstan build: --metadata-file note\.txt\/a cannot be written: a part of its path is not a directory\n$/,
    ],
  ])('rejects %j before it builds', async (argv, stderr) => {
    const result = await capstan(['build', ...argv])
    expect(result).toMatchObject({ exitCode: 125, stdout: '', stderr: expect.stringMatching(stderr) })
  })

  it('says why the engine does not build when the sidecar that would build cannot start', async () => {
    const { exitCode, stderr } = await capstan(['build', '-o', 'cache-only', '--platform', 'linux/amd64,linux/arm64'])
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^warning: runtime "memory" does not support "platforms": .* one platform at a time/m)
    expect(stderr).toMatch(/^capstan build: image "moby\/buildkit:.*" could not be pulled/m)
  })

  it('shows the failed step, its output and the lines of the Dockerfile', async () => {
    const { exitCode, stderr } = await capstan(['build', '-t', 'app', '-f', '-', '.'], {
      stdin: 'FROM scratch\nCOPY note.txt /\nRUN echo about to fail; exit 9\n',
    })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/------\n > \[.*\] RUN echo about to fail; exit 9:\nabout to fail\n------\n/)
    expect(stderr).toMatch(/^ +3 \| >>> RUN echo about to fail; exit 9$/m)
    expect(stderr).toMatch(/\ncapstan build: the build failed .*exit code 9: about to fail\n$/)
  })

  it.each([['--json'], ['--progress', 'json']])(
    'writes only a JSON document to stderr on a failure with %s',
    async (...argv) => {
      const { exitCode, stderr } = await capstan(['build', '-t', 'app', '-f', '-', ...argv, '.'], {
        stdin: 'FROM scratch\nRUN echo about to fail; exit 9\n',
      })
      expect(exitCode).toBe(1)
      expect(JSON.parse(stderr)).toMatchObject({ errors: [{ code: 'BUILD_FAILED', facts: { source: { line: 2 } } }] })
    },
  )

  it("suggests the engine's BuildKit when a sidecar cannot pull a base image", async () => {
    const images = { 'buildkit:test': createSimulatedImage({}) }
    plugins = [memoryPluginWithService(new FakeDaemon({ store: 'docker' }), { images })]
    const argv = ['build', '-t', 'app', '--builder', 'sidecar', '-f', '-', '.']
    const stdin = 'FROM registry.example/none:1\nRUN true\n'
    const { stderr } = await capstan(argv, { stdin, env: { ...env, CAPSTAN_BUILDKIT_IMAGE: 'buildkit:test' } })
    expect(stderr).toMatch(/for a base image that is only on the engine, use --builder engine$/m)
  })

  it('suggests no other builder when a base image is missing', async () => {
    const argv = ['build', '-t', 'app', '-f', '-', '.']
    const { exitCode, stderr } = await capstan(argv, { stdin: 'FROM registry.example/none:1\nRUN true\n' })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('failed to resolve source metadata')
    expect(stderr).not.toContain('--builder')
  })
})
