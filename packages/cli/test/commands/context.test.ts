import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryPlugin } from '@capstan/runtime-memory'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { loadBuiltInPlugins } from '../../src/host/built-in-plugins.js'
import { fakePlugin, unavailable } from '../support/fake-plugin.js'
import { type RunCapstanOptions, runCapstan } from '../support/run-capstan.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'capstan-context-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
})

async function addContext(name: string, Host: string, Description = ''): Promise<void> {
  const folder = join(directory, 'contexts', 'meta', createHash('sha256').update(name).digest('hex'))
  await mkdir(folder, { recursive: true })
  const meta = { Name: name, Metadata: { Description }, Endpoints: { docker: { Host } } }
  await writeFile(join(folder, 'meta.json'), JSON.stringify(meta))
}

const setCurrent = (currentContext: string) =>
  writeFile(join(directory, 'config.json'), JSON.stringify({ currentContext }))

const capstan = (argv: readonly string[], { env = {}, ...options }: RunCapstanOptions = {}) =>
  runCapstan(argv, { env: { DOCKER_CONFIG: directory, HOME: directory, ...env }, ...options })

/** Starts a server on a socket that answers as an engine, and has no containers. */
async function startEngine(version: string): Promise<string> {
  const path = join(directory, `${version}.sock`)
  const server = createServer(({ url = '' }, response) => {
    if (url === '/_ping') response.writeHead(200, { 'Api-Version': '1.41', Server: `Docker/${version} (linux)` })
    const info = { Name: 'fake', ServerVersion: version, OSType: 'linux', NCPU: 2 }
    response.end(JSON.stringify(url.endsWith('/info') ? info : []))
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => void server.close())
  return `unix://${path}`
}

describe('capstan context ls', () => {
  it('lists the contexts with what selects the current one', async () => {
    await addContext('build', 'ssh://ann@build.example', 'Builds')
    await setCurrent('build')
    const { stdout, exitCode, stderr } = await capstan(['context', 'ls'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(/^NAME +CURRENT BY +DESCRIPTION +DOCKER ENDPOINT$/m)
    expect(stdout).toMatch(/^default +The default socket +unix:\/\/\/var\/run\/docker\.sock$/m)
    expect(stdout).toMatch(/^build \* +config\.json +Builds +ssh:\/\/ann@build\.example$/m)
    const env = { DOCKER_CONTEXT: 'default' }
    expect((await capstan(['context', 'ls'], { env })).stdout).toMatch(/^default \* +DOCKER_CONTEXT /m)
    const given = await capstan(['--context', 'build', 'context', 'ls'], { env })
    expect(given.stdout).toMatch(/^build \* +--context /m)
  })

  it('prints names with -q, fields with --format, and a document with --json', async () => {
    await addContext('build', 'tcp://build.example:2376', 'Builds')
    expect((await capstan(['context', 'ls', '-q'])).stdout).toBe('default\nbuild\n')
    const template = '{{.Name}}{{if .Current}} *{{end}} {{.DockerEndpoint}}'
    expect((await capstan(['context', 'ls', '--format', template])).stdout).toBe(
      'default * unix:///var/run/docker.sock\nbuild tcp://build.example:2376\n',
    )
    const [, row = ''] = (await capstan(['context', 'ls', '--format', 'json'])).stdout.split('\n')
    const endpoint = 'tcp://build.example:2376'
    expect(JSON.parse(row)).toEqual({
      Name: 'build',
      Description: 'Builds',
      DockerEndpoint: endpoint,
      Current: false,
      Error: '',
    })
    expect(JSON.parse((await capstan(['context', 'ls', '--json'])).stdout)).toMatchObject({
      schemaVersion: 1,
      currentBy: 'default',
      contexts: [
        { name: 'default', isCurrent: true },
        { name: 'build', endpoint },
      ],
    })
    expect((await capstan(['context', 'ls', '--format', '{{.Foo}}'])).stderr).toContain('there is no field "Foo"')
  })

  it('shows a context that does not exist or cannot be used with the reason', async () => {
    await addContext('listen', 'fd://x')
    const { stdout, exitCode } = await capstan(['context', 'ls'], { env: { DOCKER_CONTEXT: 'gone' } })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^NAME .* ERROR$/m)
    expect(stdout).toMatch(/^gone \* +DOCKER_CONTEXT +there is no such context$/m)
    expect(stdout).toMatch(/^listen +fd:\/\/x +fd:\/\/ is an address to listen on/m)
  })

  it('warns when config.json is invalid', async () => {
    await writeFile(join(directory, 'config.json'), '{"')
    const { stdout, stderr, exitCode } = await capstan(['context', 'ls'])
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^capstan: warning: the current context is unknown: .*it is not JSON\n$/)
    expect(stdout).not.toContain('*')
  })
})

describe('capstan context use', () => {
  it('selects the context for all later commands, and removes the selection for "default"', async () => {
    await addContext('build', 'tcp://build.example:2376')
    await writeFile(join(directory, 'config.json'), '{"auths":{}}')
    expect(await capstan(['context', 'use', 'build'])).toEqual({ exitCode: 0, stdout: 'build\n', stderr: '' })
    const read = async () => JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'))
    expect(await read()).toEqual({ auths: {}, currentContext: 'build' })
    expect(await capstan(['context', 'use', 'default'])).toMatchObject({ exitCode: 0, stdout: 'default\n' })
    expect(await read()).toEqual({ auths: {} })
  })

  it('warns when a variable precedes it', async () => {
    await addContext('build', 'tcp://build.example:2376')
    const { exitCode, stderr } = await capstan(['context', 'use', 'build'], { env: { DOCKER_HOST: 'tcp://h' } })
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^capstan: warning: DOCKER_HOST precedes/)
  })

  it('fails for an unknown context with the known names', async () => {
    await addContext('build', 'tcp://build.example:2376')
    const { exitCode, stderr } = await capstan(['context', 'use', 'biuld'])
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^capstan context use: context must be default or build, not "biuld"\n/)
  })
})

describe('--context', () => {
  it('uses runtime docker at the engine of the context, whatever the environment selects', async () => {
    await addContext('build', await startEngine('24.0.7'))
    const env = { DOCKER_HOST: 'unix:///missing/docker.sock', CAPSTAN_RUNTIME: 'memory' }
    const plugins = loadBuiltInPlugins
    for (const argv of [
      ['--context', 'build', 'ps', '--json'],
      ['ps', '--json', '--context', 'build', '--runtime', 'docker'],
    ]) {
      const { exitCode, stdout } = await capstan(argv, { plugins, env })
      expect({ exitCode, ...JSON.parse(stdout) }).toMatchObject({ exitCode: 0, runtime: 'docker', containers: [] })
    }
  })

  it('names the context, and no variable, when its engine does not answer', async () => {
    await addContext('build', 'unix:///missing/docker.sock')
    const { exitCode, stderr } = await capstan(['--context', 'build', 'ps'], { plugins: loadBuiltInPlugins })
    expect(exitCode).toBe(125)
    expect(stderr).toContain('(context "build")')
    expect(stderr).not.toContain('DOCKER_')
  })

  it('fails for an unknown context with the known names, before any runtime is probed', async () => {
    await addContext('build', 'tcp://build.example:2376')
    const plugins = [fakePlugin('docker', unavailable(), { probe: () => Promise.reject(new Error('was probed')) })]
    for (const command of ['ps', 'doctor', 'conformance']) {
      const { exitCode, stderr } = await capstan([command, '--context', 'biuld'], { plugins })
      expect(exitCode).toBe(125)
      expect(stderr).toContain('context must be default or build, not "biuld"')
    }
  })

  it('fails with a runtime that has no contexts', async () => {
    const { exitCode, stderr } = await capstan(['--context', 'default', 'ps', '--runtime', 'memory'], {
      plugins: [memoryPlugin()],
    })
    expect(exitCode).toBe(125)
    expect(stderr).toBe('capstan ps: runtime memory has no contexts\n  → use --context without --runtime\n')
  })

  it('completes the names of contexts', async () => {
    await addContext('build', 'tcp://build.example:2376', 'Builds')
    const complete = async (...words: readonly string[]) => (await capstan(['__complete', '--', ...words])).stdout
    expect(await complete('--context', 'b')).toBe('build\tBuilds\n')
    expect(await complete('context', 'use', 'de')).toMatch(/^default\t/)
  })
})

describe('capstan doctor with contexts', () => {
  it('shows which contexts answer, and why others do not', async () => {
    await addContext('build', await startEngine('24.0.7'))
    await addContext('cloud', await startEngine('26.1.5'))
    await addContext('gone', 'unix:///missing/docker.sock')
    await addContext('listen', 'fd://x')
    await setCurrent('cloud')
    const plugins = loadBuiltInPlugins
    const { stdout, exitCode } = await capstan(['doctor'], { plugins })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^CONTEXT +STATE +VERSION +LOCATION +ENDPOINT$/m)
    expect(stdout).toMatch(/^build +available +24\.0\.7 +elsewhere +unix:/m)
    expect(stdout).toMatch(/^cloud \* +available +26\.1\.5 +elsewhere +unix:/m)
    expect(stdout).toMatch(/^gone +unavailable +unix:\/\/\/missing\/docker\.sock$/m)
    expect(stdout).toMatch(/^listen +unavailable +fd:\/\/x$/m)
    const text = stdout.replaceAll(/\s+/g, ' ')
    expect(text).toMatch(/ENOENT, \/missing\/docker\.sock does \(context "gone"\) not exist/)
    expect(text).toMatch(/\(context "listen"\) listen on, and clients cannot connect to it/)
    const { contexts } = JSON.parse((await capstan(['doctor', '--json'], { plugins })).stdout)
    expect(contexts.slice(1)).toMatchObject([
      { name: 'build', isCurrent: false, available: true, version: '24.0.7', attempts: [] },
      { name: 'cloud', isCurrent: true, available: true, version: '26.1.5' },
      { name: 'gone', available: false, attempts: [{ step: 'find', cause: { code: 'ENOENT' } }] },
      { name: 'listen', available: false, attempts: [{ step: 'parse' }] },
    ])
  })

  it('shows no contexts when there is only "default", and none without runtime docker', async () => {
    const env = { DOCKER_HOST: 'unix:///missing/docker.sock' }
    expect((await capstan(['doctor'], { plugins: loadBuiltInPlugins, env })).stdout).not.toContain('CONTEXT')
    await addContext('gone', 'unix:///missing/docker.sock')
    expect((await capstan(['doctor'], { plugins: [memoryPlugin()] })).stdout).not.toContain('CONTEXT')
  })
})
