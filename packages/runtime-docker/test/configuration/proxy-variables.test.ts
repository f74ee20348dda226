import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readProxyVariables } from '../../src/configuration/proxy-variables.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'
import { buildImage, createContainer } from '../run-operations.js'

async function toEnv(config: object | string) {
  const DOCKER_CONFIG = await mkdtemp(join(tmpdir(), 'capstan-proxies-'))
  onTestFinished(() => rm(DOCKER_CONFIG, { recursive: true, force: true }))
  await writeFile(join(DOCKER_CONFIG, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config))
  return { DOCKER_CONFIG }
}

const proxy = 'http://user:SECRET@proxy.example:3128'
const proxies = { default: { httpProxy: proxy, noProxy: 'localhost' }, 'tcp://x:1': { allProxy: 'socks5://y' } }

test('reads each variable in upper and lower case, for the address of the engine or else from the default', async () => {
  const env = await toEnv({ proxies })
  expect(await readProxyVariables(env, 'unix:///var/run/docker.sock')).toEqual({
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    NO_PROXY: 'localhost',
    no_proxy: 'localhost',
  })
  expect(await readProxyVariables(env, 'tcp://x:1')).toEqual({ ALL_PROXY: 'socks5://y', all_proxy: 'socks5://y' })
})

test('reads all five variables', async () => {
  const all = { httpProxy: '1', httpsProxy: '2', ftpProxy: '3', noProxy: '4', allProxy: '5' }
  const names = Object.keys(await readProxyVariables(await toEnv({ proxies: { default: all } }), 'x'))
  expect(names).toHaveLength(10)
  expect(names).toEqual(expect.arrayContaining(['https_proxy', 'FTP_PROXY', 'all_proxy']))
})

test.each(['', '{}', '{"proxies":null}', '{"proxies":{"default":{"httpProxy":""}}}', '{"proxies":{"default":[1]}}'])(
  'reads nothing from %s',
  async (config) => {
    const problems: string[] = []
    expect(await readProxyVariables(await toEnv(config), 'x', (problem) => void problems.push(problem))).toEqual({})
    expect(problems).toEqual([])
  },
)

test('reports a file that is not JSON by its path, without its text', async () => {
  const problems: string[] = []
  const env = await toEnv('{"proxies": SECRET')
  expect(await readProxyVariables(env, 'x', (problem) => void problems.push(problem))).toEqual({})
  expect(problems).toEqual([`${join(env.DOCKER_CONFIG, 'config.json')} is not JSON`])
})

test('sets the variables in a container, whose own variables take precedence', async () => {
  const { fake, engine } = await startFakeEngine({}, {}, await toEnv({ proxies }))
  await createContainer(engine, { image: 'busybox', env: { http_proxy: 'own', NO_PROXY: '' } }).catch(() => {})
  const request = fake.requests.find(({ path }) => path === '/containers/create')
  const variables = [`HTTP_PROXY=${proxy}`, 'NO_PROXY=', 'http_proxy=own', 'no_proxy=localhost']
  expect(request?.json.Env).toHaveLength(variables.length)
  expect(request?.json.Env).toEqual(expect.arrayContaining(variables))
})

test('sets the variables as arguments of a build, whose own arguments take precedence', async () => {
  const { fake, engine } = await startFakeEngine({}, {}, await toEnv({ proxies }))
  fake.override('GET /images/json', (reply) => reply.json(200, []))
  fake.override('POST /build', (reply) => reply.refuse(500, 'recorded, not built'))
  const buildArgs = { HTTP_PROXY: 'own', A: '1' }
  const failure: unknown = await buildImage(engine, { dockerfile: 'FROM scratch\n', tag: 'a:1' }, { buildArgs }).catch(
    (error: unknown) => error,
  )
  const request = fake.requests.find(({ path }) => path === '/build')
  expect(JSON.parse(request?.query.get('buildargs') ?? '')).toEqual({
    HTTP_PROXY: 'own',
    http_proxy: proxy,
    NO_PROXY: 'localhost',
    no_proxy: 'localhost',
    A: '1',
  })
  expect(JSON.stringify(failure) + String(failure)).not.toContain('SECRET')
})
