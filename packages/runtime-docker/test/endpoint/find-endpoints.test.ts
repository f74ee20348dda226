import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EndpointSearch } from '../../src/endpoint/endpoint-candidate.js'
import { findEndpoints, type GivenEndpoint, isEndpointChosen } from '../../src/endpoint/find-endpoints.js'
import { linux, mac, windows } from './systems.js'

type Environment = Readonly<Record<string, string | undefined>>

async function createHome(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'capstan-home-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    const path = join(home, '.docker', name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  return home
}

async function find(home: string, env: Environment = {}, given: GivenEndpoint = {}): Promise<EndpointSearch> {
  return findEndpoints(given, { system: { ...linux, home }, env })
}

function toUrls({ candidates }: EndpointSearch): readonly string[] {
  return candidates.map((candidate) => ('failed' in candidate ? candidate.failed.candidate : candidate.endpoint.url))
}

function contextFiles(name: string, meta: unknown): Readonly<Record<string, string>> {
  const hash = createHash('sha256').update(name).digest('hex')
  return { [`contexts/meta/${hash}/meta.json`]: typeof meta === 'string' ? meta : JSON.stringify(meta) }
}

function metaOf(name: string, Host: string, more: object = {}) {
  return { Name: name, Metadata: {}, Endpoints: { docker: { Host, SkipTLSVerify: false, ...more } } }
}

test('isChosen agrees with the search in every combination of settings, without reading a file', async () => {
  const home = await createHome()
  for (const endpoint of [undefined, 'tcp://code:4']) {
    for (const context of [undefined, 'default', 'remote']) {
      for (const DOCKER_HOST of [undefined, '', 'tcp://env:3', 'nonsense']) {
        for (const DOCKER_CONTEXT of [undefined, '', 'default', 'remote']) {
          const [given, env] = [
            { endpoint, context },
            { DOCKER_HOST, DOCKER_CONTEXT },
          ]
          const { chosen } = await find(home, env, given)
          expect({ given, env, chosen: isEndpointChosen(given, env) }).toEqual({ given, env, chosen })
        }
      }
    }
  }
})

describe('the order of the docker CLI, of which only the first that is set is used', () => {
  const files = {
    ...contextFiles('remote', metaOf('remote', 'tcp://remote:1')),
    ...contextFiles('other', metaOf('other', 'tcp://other:2')),
    'config.json': JSON.stringify({ currentContext: 'other', auths: {} }),
  }

  test('an endpoint given in code precedes DOCKER_HOST', async () => {
    const search = await find(await createHome(files), { DOCKER_HOST: 'tcp://env:3' }, { endpoint: 'tcp://code:4' })
    expect([search.chosen, toUrls(search)]).toEqual([true, ['tcp://code:4']])
  })

  test('a context given in code precedes DOCKER_HOST', async () => {
    const search = await find(await createHome(files), { DOCKER_HOST: 'tcp://env:3' }, { context: 'remote' })
    expect([search.chosen, toUrls(search)]).toEqual([true, ['tcp://remote:1']])
  })

  test('DOCKER_HOST precedes DOCKER_CONTEXT', async () => {
    const search = await find(await createHome(files), { DOCKER_HOST: 'tcp://env:3', DOCKER_CONTEXT: 'remote' })
    expect([search.chosen, toUrls(search)]).toEqual([true, ['tcp://env:3']])
  })

  test('DOCKER_CONTEXT precedes the current context', async () => {
    const search = await find(await createHome(files), { DOCKER_CONTEXT: 'remote' })
    expect([search.chosen, toUrls(search)]).toEqual([true, ['tcp://remote:1']])
  })

  test('the context "default" selects no context, whatever config.json has', async () => {
    const search = await find(await createHome(files), { DOCKER_CONTEXT: 'default' })
    expect([search.chosen, toUrls(search)[0]]).toEqual([false, 'unix:///var/run/docker.sock'])
  })

  test('the current context is not chosen by the user, but no other endpoint is tried', async () => {
    const search = await find(await createHome(files))
    expect([search.chosen, toUrls(search)]).toEqual([false, ['tcp://other:2']])
    expect(search.candidates[0]?.source).toBe('context "other"')
  })

  test('DOCKER_CONFIG sets the directory of the store', async () => {
    const home = await createHome(files)
    const search = await find('/nowhere', { DOCKER_CONFIG: join(home, '.docker') })
    expect(toUrls(search)).toEqual(['tcp://other:2'])
  })

  test.each([
    ['no config.json', {}],
    ['no current context', { 'config.json': '{}' }],
    ['a file of 0 bytes', { 'config.json': '' }],
    ['a blank file', { 'config.json': ' \r\n' }],
    ['a byte order mark alone', { 'config.json': '\uFEFF' }],
    ['a byte order mark', { 'config.json': '\uFEFF{}' }],
    ['an empty one', { 'config.json': '{"currentContext":""}' }],
    ['"default"', { 'config.json': '{"currentContext":"default"}' }],
  ])('5 the default socket is the first candidate with %s', async (_, given) => {
    const search = await find(await createHome(given))
    expect([search.chosen, toUrls(search)[0]]).toEqual([false, 'unix:///var/run/docker.sock'])
  })

  test('an empty DOCKER_HOST is ignored', async () => {
    expect(toUrls(await find(await createHome(), { DOCKER_HOST: '' }))[0]).toBe('unix:///var/run/docker.sock')
  })
})

test('reads the current context of a file with a byte order mark', async () => {
  const files = { ...contextFiles('x', { Endpoints: { docker: { Host: 'tcp://x:1' } } }) }
  const search = await find(await createHome({ ...files, 'config.json': '\uFEFF{"currentContext":"x"}' }))
  expect(toUrls(search)).toEqual(['tcp://x:1'])
})

describe('a file that cannot be read gives a failed attempt with its path', () => {
  test('when a context is not in the store', async () => {
    const search = await find(await createHome(), { DOCKER_CONTEXT: 'gone' })
    expect(search.chosen).toBe(true)
    expect(search.candidates).toMatchObject([
      {
        failed: {
          source: 'context "gone"',
          step: 'find',
          cause: { code: 'ENOENT' },
          candidate: expect.stringContaining('meta.json'),
        },
      },
    ])
  })

  test('and the remedy names all contexts when one is not in the store', async () => {
    const files = contextFiles('zoo', metaOf('zoo', 'tcp://zoo:1'))
    const { candidates } = await find(await createHome(files), { DOCKER_CONTEXT: 'gone' })
    expect(candidates).toMatchObject([
      { failed: { remedy: expect.stringMatching(/the contexts are default and zoo$/) } },
    ])
  })

  test.each([
    ['is not JSON', '{"Name":'],
    ['has no endpoint', JSON.stringify({ Name: 'x', Endpoints: {} })],
  ])('when the file of a context %s', async (_, text) => {
    const search = await find(await createHome(contextFiles('x', text)), { DOCKER_CONTEXT: 'x' })
    expect(search.candidates).toMatchObject([{ failed: { step: 'parse' } }])
  })

  test('when config.json is invalid, and tries no other endpoint', async () => {
    const search = await find(await createHome({ 'config.json': '{"auths": SECRET' }))
    const cause = { code: 'PARSE', message: expect.stringMatching(/config\.json: it is not JSON$/) }
    const failed = { step: 'parse', source: 'config.json', cause }
    expect(search).toMatchObject({ chosen: false, candidates: [{ failed }] })
  })
})

describe('TLS', () => {
  async function tlsOf(env: Environment, given: GivenEndpoint = {}, home?: string) {
    const [candidate] = (await find(home ?? (await createHome({ 'ca.pem': 'ca' })), env, given)).candidates
    if (candidate === undefined || 'failed' in candidate) throw new Error('no endpoint')
    const { address } = candidate.endpoint
    return address.type === 'tcp' ? address.tls : undefined
  }

  test('DOCKER_TLS_VERIFY with any text turns verification on, with the files of the configuration directory', async () => {
    const home = await createHome({ 'ca.pem': 'ca', 'cert.pem': 'cert', 'key.pem': 'key' })
    const file = (name: string) => join(home, '.docker', name)
    expect(await tlsOf({ DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '0' }, {}, home)).toEqual({
      verify: true,
      directory: join(home, '.docker'),
      caFile: file('ca.pem'),
      certFile: file('cert.pem'),
      keyFile: file('key.pem'),
    })
  })

  test('DOCKER_TLS uses TLS without verification, DOCKER_CERT_PATH sets the directory, and missing files are left out', async () => {
    const home = await createHome({ 'certs/ca.pem': 'ca' })
    const DOCKER_CERT_PATH = join(home, '.docker', 'certs')
    expect(await tlsOf({ DOCKER_HOST: 'tcp://h', DOCKER_TLS: '1', DOCKER_CERT_PATH }, {}, home)).toMatchObject({
      verify: false,
      caFile: join(DOCKER_CERT_PATH, 'ca.pem'),
      certFile: undefined,
    })
  })

  test('the environment does not affect a context or an endpoint given in code', async () => {
    const env = { DOCKER_TLS_VERIFY: '1', DOCKER_CONTEXT: 'c' }
    const home = await createHome(contextFiles('c', metaOf('c', 'tcp://c:1')))
    expect(await tlsOf(env, {}, home)).toBeUndefined()
    expect(await tlsOf(env, { endpoint: 'tcp://code' })).toBeUndefined()
  })

  test('a context has TLS when the store has files for it, or when it skips verification', async () => {
    const hash = createHash('sha256').update('c').digest('hex')
    const withFiles = { ...contextFiles('c', metaOf('c', 'tcp://c')), [`contexts/tls/${hash}/docker/ca.pem`]: 'ca' }
    expect(await tlsOf({}, { context: 'c' }, await createHome(withFiles))).toMatchObject({ verify: true })
    const unverified = contextFiles('c', metaOf('c', 'tcp://c', { SkipTLSVerify: true }))
    expect(await tlsOf({}, { context: 'c' }, await createHome(unverified))).toMatchObject({ verify: false })
  })
})

describe('sockets of other engines, only when nothing is set, after the default socket', () => {
  async function urlsOf(system: typeof linux, env: Environment = {}) {
    return toUrls(await findEndpoints({}, { system, env: { DOCKER_CONFIG: '/nowhere', ...env } }))
  }

  test('on Linux', async () => {
    expect(await urlsOf(linux)).toEqual([
      'unix:///var/run/docker.sock',
      'unix:///run/user/1000/docker.sock',
      'unix:///home/ann/.docker/run/docker.sock',
      'unix:///home/ann/.docker/desktop/docker.sock',
      'unix:///home/ann/.colima/default/docker.sock',
      'unix:///home/ann/.colima/docker.sock',
      'unix:///home/ann/.lima/docker/sock/docker.sock',
      'unix:///home/ann/.rd/docker.sock',
    ])
  })

  test('on macOS', async () => {
    const urls = await urlsOf(mac)
    expect(urls).toContain('unix:///Users/ann/.orbstack/run/docker.sock')
    expect(urls).not.toContain('unix:///run/user/501/docker.sock')
  })

  test('on Windows (not verified)', async () => {
    expect(await urlsOf(windows)).toEqual([
      'npipe:////./pipe/docker_engine',
      'npipe:////./pipe/dockerDesktopLinuxEngine',
    ])
  })

  test('XDG_RUNTIME_DIR, COLIMA_HOME, COLIMA_PROFILE and LIMA_HOME set the directories', async () => {
    const env = { XDG_RUNTIME_DIR: '/run/x/', COLIMA_HOME: '/c', COLIMA_PROFILE: 'work', LIMA_HOME: '/l' }
    const urls = await urlsOf(linux, env)
    expect(urls.slice(1, 3)).toEqual(['unix:///run/x/docker.sock', 'unix:///run/user/1000/docker.sock'])
    expect(urls).toContain('unix:///c/work/docker.sock')
    expect(urls).toContain('unix:///l/docker/sock/docker.sock')
    expect(urls.join()).not.toContain('.colima')
  })

  test('a socket that two rows have is tried once', async () => {
    const urls = await urlsOf(linux, { XDG_RUNTIME_DIR: '/run/user/1000' })
    expect(urls.filter((url) => url === 'unix:///run/user/1000/docker.sock')).toHaveLength(1)
  })
})
