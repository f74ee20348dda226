import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { packBuildContext } from '@capstan/build-context'
import {
  imageBuilderCapability,
  networkManagerCapability,
  type RuntimePlugin,
  sidecarManagerCapability,
} from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { runCapstan } from '../support/run-capstan.js'

const env = { CAPSTAN_RUNTIME: 'memory', VERSION: '7' }
let plugins: readonly RuntimePlugin[]
let cwd: string

const capstan = (argv: readonly string[], more: object = {}) => runCapstan(argv, { env, plugins, cwd, ...more })

beforeEach(async () => {
  plugins = [memoryPlugin({ pullable: { 'registry.example/app:1': { main: async () => 0 } } })]
  cwd = await mkdtemp(join(tmpdir(), 'capstan build '))
  await writeFile(
    join(cwd, 'Dockerfile'),
    'FROM busybox\nARG VERSION\nCOPY note.txt /note.txt\nENV SEEN=$VERSION\nCMD ["sh", "-c", "cat /note.txt; echo $SEEN"]\n',
  )
  await writeFile(join(cwd, 'note.txt'), 'from the context\n')
  await writeFile(join(cwd, 'empty'), ' \n')
})
afterEach(() => rm(cwd, { recursive: true }))

describe('capstan build', () => {
  it('builds a directory with its Dockerfile and prints the tags', async () => {
    const built = await capstan(['build', '-t', 'app', '-t', 'app:2', '--build-arg', 'VERSION'])
    expect(built).toMatchObject({ exitCode: 0, stdout: 'app\napp:2\n' })
    expect(built.stderr).toContain('COPY note.txt /note.txt')
    expect((await capstan(['run', '--rm', 'app:2'])).stdout).toBe('from the context\n7\n')
  })

  it('reads the Dockerfile from a file or from stdin', async () => {
    await writeFile(join(cwd, 'other'), 'FROM busybox\nCMD ["echo", "other"]\n')
    expect((await capstan(['build', '-t', 'a', '-f', 'other', '.'])).exitCode).toBe(0)
    expect((await capstan(['run', '--rm', 'a'])).stdout).toBe('other\n')
    const stdin = 'FROM busybox\nCMD ["echo", "piped"]\n'
    expect((await capstan(['build', '-t', 'b', '-f', '-'], { stdin })).exitCode).toBe(0)
    expect((await capstan(['run', '--rm', 'b'])).stdout).toBe('piped\n')
  })

  it('builds a Dockerfile on stdin without a context', async () => {
    const stdin = 'FROM busybox\nCMD ["echo", "alone"]\n'
    expect((await capstan(['build', '-t', 'app', '-'], { stdin })).exitCode).toBe(0)
    expect((await capstan(['run', '--rm', 'app'])).stdout).toBe('alone\n')
    const copying = await capstan(['build', '-t', 'app', '-'], { stdin: 'FROM busybox\nCOPY note.txt /\n' })
    expect(copying.exitCode).toBe(1)
  })

  it.each(['tar', 'gzip'])(
    'builds a context on stdin in the format %s, and leaves no temporary files',
    async (format) => {
      const archive = await buffer(await packBuildContext({ directory: cwd }))
      const stdin = format === 'gzip' ? gzipSync(archive) : archive
      // Another run of these tests on this machine has its own.
      const temporary = await mkdtemp(join(tmpdir(), 'capstan temporary '))
      onTestFinished(() => rm(temporary, { recursive: true }))
      const elsewhere = { stdin, cwd: tmpdir(), env: { ...env, TMPDIR: temporary } }
      expect(await capstan(['build', '-t', 'app', '--build-arg', 'VERSION=1', '-'], elsewhere)).toMatchObject({
        exitCode: 0,
      })
      expect((await capstan(['run', '--rm', 'app'])).stdout).toBe('from the context\n1\n')
      const failed = await capstan(['build', '-t', 'app', '-f', 'empty', '-'], elsewhere)
      expect(failed.stderr).toBe('capstan build: the Dockerfile empty in the archive on stdin is empty\n')
      const missing = await capstan(['build', '-t', 'app', '-f', 'none', '-'], elsewhere)
      expect(missing.stderr).toMatch(/^capstan build: the Dockerfile none in the archive on stdin cannot be read/)
      expect(await readdir(temporary)).toEqual([])
    },
  )

  it('rejects a compression that it cannot read, and -f for a Dockerfile on stdin', async () => {
    const stdin = Buffer.from('fd377a585a0000', 'hex')
    expect((await capstan(['build', '-t', 'app', '-'], { stdin })).stderr).toContain(
      'is compressed with xz: decompress it',
    )
    const { stderr } = await capstan(['build', '-t', 'app', '-f', 'x', '-'], { stdin: 'FROM busybox\n' })
    expect(stderr).toContain('stdin is not a tar archive, so -f cannot name a file in it')
  })

  it('prints its events and its result as JSON lines', async () => {
    const { stdout } = await capstan(['build', '-t', 'app', '--progress', 'json'])
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events[0]).toMatchObject({ schemaVersion: 1, event: 'progress', step: 1 })
    expect(events.at(-1)).toMatchObject({ schemaVersion: 1, event: 'result', tags: ['app'], runtime: 'memory' })
  })

  it('prints one JSON document with --json, and no progress', async () => {
    const { stdout, stderr } = await capstan(['build', '-t', 'app', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, tags: ['app'], runtime: 'memory' })
    expect(stderr).toBe('')
  })

  it('exits with 1 and shows the step, its exit code and its output', async () => {
    await writeFile(join(cwd, 'Dockerfile'), 'FROM busybox\nRUN echo about to fail; exit 9\n')
    const failed = await capstan(['build', '-t', 'app'])
    expect(failed).toMatchObject({ exitCode: 1, stdout: '' })
    expect(failed.stderr).toContain('about to fail')
    expect(failed.stderr).toMatch(/\ncapstan build: the build failed .*exit code 9.*\n$/)
  })

  it('writes the last lines of a failed build on a terminal', async () => {
    await writeFile(join(cwd, 'Dockerfile'), 'FROM busybox\nRUN echo about to fail; exit 9\n')
    const { stderr } = await capstan(['build', '-t', 'app'], { columns: 80 })
    expect(stderr).toContain('✖ app was not built\n')
    expect(stderr).toContain('  about to fail\n')
  })

  it.each(['cache-only', 'type=files,dest=out.tar'])('needs no tag for --output %s', async (output) => {
    const { stderr } = await capstan(['build', '--output', output])
    expect(stderr).toContain('image "moby/buildkit')
  })

  it.runIf(process.platform === 'linux')('closes the file of the output when the build fails', async () => {
    expect(await capstan(['build', '--output', 'type=files,dest=out.tar'])).toMatchObject({ exitCode: 125 })
    await expect.poll(listOpenFiles).not.toContain(join(cwd, 'out.tar'))
  })

  it('needs a tag for an image that is pushed', async () => {
    const { exitCode, stderr } = await capstan(['build', '--push'])
    expect(exitCode).toBe(125)
    expect(stderr).toBe(
      'capstan build: an image that is pushed needs a name: use --tag\n  → see `capstan build --help`\n',
    )
  })

  it('needs a tag, and says so, when the builder of the runtime builds', async () => {
    const { stderr } = await capstan(['build', '--builder', 'runtime'])
    expect(stderr).toBe('capstan build: an image without --tag needs BuildKit: omit --builder runtime\n')
    const auto = await capstan(['build'])
    expect(auto.stderr).toMatch(/could not be pulled.*\n.*→ build without BuildKit by --tag and --builder runtime\n/)
  })

  it.each([
    [['missing'], /the directory .*missing cannot be read: it does not exist/],
    [['note.txt'], /is not a directory/],
    [['-f', 'empty'], /the Dockerfile .*empty is empty$/m],
    [['-f', 'none'], /the Dockerfile .*none cannot be read .*it does not exist/],
    [['-'], /the Dockerfile on stdin is empty/],
    [['--builder', 'runtime', '-f', 'unknown'], /RUNN/],
    [['--builder', 'runtime', '-f', 'from'], /first instruction must be FROM/],
    [['--builder', 'runtime', '--target', 'none'], /none/],
    [['--builder', 'runtime', 'ignored'], /"\.dockerignore" in the context must be/],
    [['--secret', 'id=a,src=none'], /the secret .*none cannot be read: it does not exist/],
    [['--ssh', 'default=none'], /--ssh default: the socket .*none cannot be used: it does not exist/],
    [['--ssh', 'key=note.txt'], /--ssh key: .*note\.txt is not the socket of an agent[\s\S]*→ add the key to an agent/],
    [['--build-context', 'lib=none'], /the directory .*none cannot be read: it does not exist/],
    [
      ['--build-context', 'lib=note.txt'],
      /note\.txt is not a directory: pass a directory or a URL to --build-context lib/,
    ],
  ])('exits with 1, as for a failed build, for %j', async (argv, stderr) => {
    await writeFile(join(cwd, 'unknown'), 'FROM busybox\nRUNN true\n')
    await writeFile(join(cwd, 'from'), 'COPY note.txt /\n')
    await mkdir(join(cwd, 'ignored'))
    await writeFile(join(cwd, 'ignored', 'Dockerfile'), 'FROM busybox\n')
    await writeFile(join(cwd, 'ignored', '.dockerignore'), '[z-a\n')
    const result = await capstan(['build', '-t', 'app', ...argv])
    expect(result).toMatchObject({ exitCode: 1, stdout: '' })
    expect(result.stderr).toMatch(stderr)
  })

  it.each([
    [['-t', 'app', '-', '-f', '-'], /stdin cannot be both the context and the Dockerfile/],
    [['-t', 'app', 'https://example.com/x.git', '-f', '-'], /a Dockerfile on stdin cannot be used with a URL/],
    [['-t', 'app', '-o', 'a', '--push'], /--output must be one output/],
    [['-t', 'app', '-o', 'type=oci,dest=-', '--json'], /stdout cannot have both the archive and the result/],
    [['-t', 'app', '--builder', 'buildx'], /Allowed choices are auto, engine, sidecar, buildkit, runtime/],
    [['-t', '-x'], /must be/],
  ])('explains the error of %j', async (argv, stderr) => {
    const result = await capstan(['build', ...argv])
    expect(result).toMatchObject({ exitCode: 125, stdout: '' })
    expect(result.stderr).toMatch(stderr)
  })

  it.each([
    [['-t', 'Bad:Tag'], '--tag must be a name in lower case with an optional tag, such as "app:1", not "Bad:Tag"'],
    [['-t', 'app', '-t', 'app:'], '--tag must be a name'],
    [['-t', 'app', '--target', 'a b'], '--target must be the name or number of a stage'],
    [['-t', 'app', '--platform', 'linux/arm64,Linux'], '--platform must be a platform such as "linux/arm64"'],
    [['-t', 'Bad:Tag', '--output', 'type=oci,dest=note.txt'], '--tag must be a name'],
  ])('rejects %j before it opens a runtime or BuildKit', async (argv, message) => {
    const { exitCode, stdout, stderr } = await capstan(['build', ...argv], { env: { CAPSTAN_RUNTIME: 'none' } })
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
    expect(stderr).toContain(`capstan build: ${message}`)
    expect(stderr).not.toContain('BuildKit')
    expect(await readFile(join(cwd, 'note.txt'), 'utf8')).toBe('from the context\n')
  })

  it('builds images that no sweep removes', async () => {
    await capstan(['build', '-t', 'app'])
    expect((await capstan(['sweep'])).stdout).toBe('Nothing was left behind on memory.\n')
    expect((await capstan(['run', '--rm', '--pull', 'never', 'app', 'true'])).exitCode).toBe(0)
  })
})

describe('capstan build --builder', () => {
  it('auto writes one line with the reason, and builds with the runtime, when BuildKit cannot be used', async () => {
    const { exitCode, stdout, stderr } = await capstan(['build', '-t', 'app'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'app\n' })
    expect(stderr.split('\n').filter((line) => line.includes('BuildKit'))).toEqual([
      expect.stringMatching(
        /^BuildKit is not used: image "moby\/buildkit:v.*" could not be pulled.*; to skip this attempt on each build, use --builder runtime, or select another image by CAPSTAN_BUILDKIT_IMAGE$/,
      ),
    ])
  })

  it('auto names the missing capabilities of the runtime', async () => {
    plugins = [memoryPlugin({ without: [networkManagerCapability, sidecarManagerCapability] })]
    const { exitCode, stderr } = await capstan(['build', '-t', 'app'])
    expect(exitCode).toBe(0)
    expect(stderr).toContain('BuildKit is not used: memory does not provide networks and sidecars\n')
  })

  it('auto rejects a runtime that has neither BuildKit nor image builds, and names the runtime that has them', async () => {
    const without = [networkManagerCapability, imageBuilderCapability]
    plugins = [memoryPlugin({ without }), memoryPlugin({ name: 'full' })]
    const { exitCode, stdout, stderr } = await capstan(['build', '-t', 'app'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
    expect(stderr).toBe(
      [
        'BuildKit is not used: memory does not provide networks',
        'capstan build: the application needs image builds, which runtime "memory" does not provide',
        '  no image builds: the option `without` of memoryPlugin() leaves out image builds',
        '  → remove it from `without` of memoryPlugin()',
        '  → it works with --runtime full (simulated)',
        '',
      ].join('\n'),
    )
  })

  it('runtime rejects a runtime without image builds before it opens BuildKit', async () => {
    plugins = [memoryPlugin({ without: [imageBuilderCapability] })]
    const { exitCode, stderr } = await capstan(['build', '-t', 'app', '--builder', 'runtime'])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('the application needs image builds, which runtime "memory" does not provide')
    expect(stderr).not.toContain('BuildKit')
  })

  it('runtime builds once for all tags', async () => {
    const { stderr } = await capstan([
      'build',
      '-t',
      'app',
      '-t',
      'app:2',
      '--builder',
      'runtime',
      '--progress',
      'plain',
    ])
    expect(stderr.match(/COPY note\.txt/g)).toHaveLength(1)
    expect((await capstan(['run', '--rm', '--pull', 'never', 'app:2'])).exitCode).toBe(0)
  })

  it('runtime does not open BuildKit', async () => {
    const { exitCode, stdout, stderr } = await capstan(['build', '-t', 'app', '--builder', 'runtime', '--json'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ builder: 'runtime' })
    expect((await capstan(['build', '-t', 'app', '--builder', 'runtime'])).stderr).not.toContain('BuildKit')
  })

  it('buildkit fails with the reason when BuildKit cannot be used', async () => {
    const { exitCode, stderr } = await capstan(['build', '-t', 'app', '--builder', 'buildkit'])
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/image "moby\/buildkit:v.*" could not be pulled/)
    expect(stderr).toMatch(/\n {2}→ build without BuildKit by --builder runtime\n {2}→ set CAPSTAN_BUILDKIT_IMAGE/)
    plugins = [memoryPlugin({ without: [sidecarManagerCapability] })]
    const { stderr: lacking } = await capstan(['build', '-t', 'app', '--builder', 'buildkit'])
    expect(lacking).toMatch(/capstan build: .*sidecars/)
  })

  it('suggests the builder of the runtime only if it supports all options', async () => {
    const argv = ['build', '-t', 'app', '--secret', 'id=a,env=VERSION']
    const { stderr } = await capstan(argv, { env: { ...env, CAPSTAN_BUILDKIT_IMAGE: 'registry.example/buildkit:1' } })
    expect(stderr).toMatch(/image "registry\.example\/buildkit:1" could not be pulled[^→]*→ set CAPSTAN_BUILDKIT_IMAGE/)
    expect(stderr).not.toContain('--builder')
  })

  it.each([
    [['--secret', 'id=a,env=VERSION'], '--secret'],
    [['--cache-from', 'type=registry,ref=a'], '--cache-from'],
    [['--cache-to', 'type=registry,ref=a'], '--cache-to'],
    [['--output', 'push'], '--output'],
    [['--push'], '--push'],
    [['-o', 'out'], '--output'],
    [['--ssh', 'default'], '--ssh'],
    [['--build-context', 'lib=.'], '--build-context'],
    [['--allow', 'network.host'], '--allow'],
    [['--network', 'none'], '--network'],
    [['--add-host', 'a:127.0.0.2'], '--add-host'],
    [['--no-cache-filter', 'a'], '--no-cache-filter'],
    [['https://example.com/app.git'], 'a context by URL'],
    [['--platform', 'linux/amd64,linux/arm64'], '--platform'],
  ])('rejects %j with the builder of the runtime', async (argv, name) => {
    const asked = await capstan(['build', '-t', 'app', '--builder', 'runtime', ...argv])
    expect(asked).toMatchObject({ exitCode: 125, stdout: '' })
    expect(asked.stderr).toBe(`capstan build: ${name} needs BuildKit: omit --builder runtime\n`)
    expect((await capstan(['build', '-t', 'app', ...argv])).exitCode).toBe(125)
  })

  it.each([
    [['--secret', 'id=a,env=NONE'], /--secret a: the variable NONE is not set/],
    [['--secret', 'x'], /--secret must be/],
    [['--ssh', 'default'], /--ssh default: SSH_AUTH_SOCK is not set[\s\S]*→ start an agent/],
    [['--allow', 'everything!'], /--allow must be/],
    [['-f', '../x', 'https://example.com/app.git'], /--file must be a relative path/],
    [['--output', 'type=disk'], /--output must be/],
    [['--cache-from', 'x=1'], /--cache-from must be/],
    [['--cache-from', 'type=local'], /: src of --cache-from must be the path of a directory, not nothing/],
    [
      ['--cache-to', 'type=registry'],
      /: ref of --cache-to must be a reference, such as registry\.example\/app:cache, not/,
    ],
    [
      ['--output', 'type=oci,dest=none/app.tar'],
      /the output .*none\/app\.tar cannot be written: its directory does not exist/,
    ],
  ])('explains the error of %j', async (argv, stderr) => {
    const result = await capstan(['build', '-t', 'app', ...argv])
    expect(result).toMatchObject({ exitCode: 125, stdout: '' })
    expect(result.stderr).toMatch(stderr)
  })

  it('overwrites no file when the options are invalid', async () => {
    const argv = ['--output', 'type=oci,dest=note.txt', '--cache-to', 'x=1']
    expect((await capstan(['build', '-t', 'app', ...argv])).stderr).toContain('--cache-to must be')
    expect(await readFile(join(cwd, 'note.txt'), 'utf8')).toBe('from the context\n')
  })
})

/** Lists the paths of the files that this process has open. */
async function listOpenFiles(): Promise<readonly string[]> {
  const numbers = await readdir('/proc/self/fd')
  return Promise.all(numbers.map((number) => readlink(`/proc/self/fd/${number}`).catch(() => '')))
}

describe('capstan pull', () => {
  it('prints the ID on stdout and progress on stderr', async () => {
    const { exitCode, stdout, stderr } = await capstan(['pull', 'registry.example/app:1'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^\S+\n$/)
    expect(stderr).toMatch(/Pulled registry\.example\/app:1\n$/)
  })

  it('prints JSON, and nothing on stderr with --quiet', async () => {
    const { stdout, stderr } = await capstan(['pull', '-q', '--json', 'registry.example/app:1'])
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      image: 'registry.example/app:1',
      id: expect.any(String),
    })
    expect(stderr).toBe('')
  })

  it('shows the reason when an image cannot be pulled', async () => {
    const { exitCode, stderr } = await capstan(['pull', 'registry.example/none:1'])
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^capstan pull: image "registry\.example\/none:1" could not be pulled/m)
  })

  it('rejects an invalid reference before it opens a runtime', async () => {
    const { exitCode, stderr } = await capstan(['pull', 'a b'], { env: { CAPSTAN_RUNTIME: 'none' } })
    expect({ exitCode, stderr }).toEqual({
      exitCode: 125,
      stderr: expect.stringContaining('capstan pull: image must be'),
    })
  })

  it('run --pull always pulls the image', async () => {
    expect((await capstan(['run', '--rm', '--pull', 'always', 'registry.example/app:1'])).exitCode).toBe(0)
    expect((await capstan(['run', '--rm', '--pull', 'never', 'registry.example/none:1'])).exitCode).toBe(125)
  })
})
