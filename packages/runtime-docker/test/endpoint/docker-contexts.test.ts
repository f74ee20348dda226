import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { listContexts, requireContext, setCurrentContext } from '../../src/endpoint/docker-contexts.js'

let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'capstan-contexts-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
})

const toPath = (name: string) => join(home, '.docker', name)
const toHash = (name: string) => createHash('sha256').update(name).digest('hex')

async function write(name: string, content: string | object): Promise<void> {
  await mkdir(dirname(toPath(name)), { recursive: true })
  await writeFile(toPath(name), typeof content === 'string' ? content : JSON.stringify(content))
}

async function addContext(name: string, Host: string, Description?: string): Promise<void> {
  const meta = { Name: name, Metadata: { Description }, Endpoints: { docker: { Host, SkipTLSVerify: false } } }
  await write(`contexts/meta/${toHash(name)}/meta.json`, meta)
}

const list = (env: object = {}, context?: string) => listContexts({ HOME: home, ...env }, { context })

async function findCurrent(env: object = {}, context?: string) {
  const { contexts, currentBy } = await list(env, context)
  return [
    contexts
      .filter(({ isCurrent }) => isCurrent)
      .map(({ name }) => name)
      .join(),
    currentBy,
  ]
}

describe('listContexts', () => {
  test('lists only "default" without a store', async () => {
    const context = { name: 'default', endpoint: 'unix:///var/run/docker.sock', problem: undefined, isCurrent: true }
    expect(await list()).toMatchObject({ contexts: [context], currentBy: 'default', problem: undefined })
  })

  test('lists "default" and then the others by name, with description and endpoint', async () => {
    await addContext('zoo', 'ssh://ann@zoo.example', 'The engine of the zoo')
    await addContext('ants', 'tcp://ants.example:2376')
    const { contexts } = await list()
    expect(contexts.map(({ name }) => name)).toEqual(['default', 'ants', 'zoo'])
    expect(contexts[1]).toMatchObject({ description: '', endpoint: 'tcp://ants.example:2376', isCurrent: false })
    expect(contexts[2]).toMatchObject({ description: 'The engine of the zoo', endpoint: 'ssh://ann@zoo.example' })
  })

  test('finds the store in DOCKER_CONFIG', async () => {
    await addContext('zoo', 'tcp://zoo')
    const { contexts } = await listContexts({ DOCKER_CONFIG: join(home, '.docker'), HOME: '/nowhere' })
    expect(contexts).toHaveLength(2)
  })

  test('selects the current context in the order of docker', async () => {
    await addContext('a', 'tcp://a')
    await addContext('b', 'tcp://b')
    const DOCKER_HOST = 'tcp://env:1'
    expect(await findCurrent()).toEqual(['default', 'default'])
    await write('config.json', { currentContext: 'default' })
    expect(await findCurrent()).toEqual(['default', 'default'])
    await write('config.json', { currentContext: 'a' })
    expect(await findCurrent()).toEqual(['a', 'config.json'])
    expect(await findCurrent({ DOCKER_CONTEXT: 'b' })).toEqual(['b', 'DOCKER_CONTEXT'])
    expect(await findCurrent({ DOCKER_CONTEXT: 'default' })).toEqual(['default', 'DOCKER_CONTEXT'])
    expect(await findCurrent({ DOCKER_CONTEXT: 'b', DOCKER_HOST })).toEqual(['default', 'DOCKER_HOST'])
    expect(await findCurrent({ DOCKER_CONTEXT: 'b', DOCKER_HOST }, 'a')).toEqual(['a', 'given'])
  })

  test('"default" is the engine of DOCKER_HOST, without its password', async () => {
    const { contexts } = await list({ DOCKER_HOST: 'tcp://me:secret@h:1' })
    expect(contexts[0]).toMatchObject({ name: 'default', description: expect.stringContaining('DOCKER_HOST') })
    expect(JSON.stringify(contexts)).not.toContain('secret')
  })

  test('lists contexts that cannot be used with a problem', async () => {
    await addContext('listen', 'fd://x')
    await write(`contexts/meta/${toHash('none')}/meta.json`, { Name: 'none', Endpoints: {} })
    await write(`contexts/meta/${toHash('other')}/meta.json`, { Name: 'moved', Endpoints: {} })
    await write('contexts/meta/broken/meta.json', '{"Name":')
    await mkdir(toPath('contexts/meta/empty'))
    const { contexts } = await list({ DOCKER_CONTEXT: 'gone' })
    expect(Object.fromEntries(contexts.map(({ name, problem }) => [name, problem]))).toEqual({
      default: undefined,
      broken: expect.stringMatching(/broken\/meta\.json: it is not JSON$/),
      listen: expect.stringContaining('fd://'),
      moved: expect.stringContaining('another name than its directory'),
      none: 'it has no endpoint for docker',
      gone: 'there is no such context',
    })
    expect(contexts.at(-1)).toMatchObject({ name: 'gone', isCurrent: true })
  })

  test('has no current context when config.json is invalid', async () => {
    await write('config.json', '{"auths": SECRET')
    const { contexts, problem } = await list()
    expect(problem).toMatch(/config\.json: it is not JSON$/)
    expect(contexts.filter(({ isCurrent }) => isCurrent)).toEqual([])
  })
})

describe('requireContext', () => {
  test('resolves for "default" and for a context in the store, and names all for another', async () => {
    await addContext('zoo', 'tcp://zoo')
    await requireContext('default', { HOME: home })
    await requireContext('zoo', { HOME: home })
    const facts = { field: 'context', expected: 'default or zoo', given: '"zo"' }
    await expect(requireContext('zo', { HOME: home })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts })
  })
})

describe('setCurrentContext', () => {
  const env = () => ({ HOME: home })
  const readConfig = async () => JSON.parse(await readFile(toPath('config.json'), 'utf8'))

  test('sets the context, keeps other entries and the mode of the file, and removes it for "default"', async () => {
    await addContext('zoo', 'tcp://zoo')
    await write('config.json', { auths: { r: { auth: 'x' } }, plugins: { p: { k: 'v' } } })
    await chmod(toPath('config.json'), 0o640)
    expect(await setCurrentContext('zoo', env())).toBe(toPath('config.json'))
    expect(await readConfig()).toEqual({
      auths: { r: { auth: 'x' } },
      plugins: { p: { k: 'v' } },
      currentContext: 'zoo',
    })
    expect((await stat(toPath('config.json'))).mode & 0o777).toBe(0o640)
    await setCurrentContext('default', env())
    expect(await readConfig()).toEqual({ auths: { r: { auth: 'x' } }, plugins: { p: { k: 'v' } } })
    expect(await findCurrent()).toEqual(['default', 'default'])
  })

  test('creates the file with mode 0600', async () => {
    await addContext('zoo', 'tcp://zoo')
    await setCurrentContext('zoo', env())
    expect((await stat(toPath('config.json'))).mode & 0o777).toBe(0o600)
    expect(await findCurrent()).toEqual(['zoo', 'config.json'])
  })

  test('writes nothing when the context is current already', async () => {
    await setCurrentContext('default', env())
    await expect(stat(toPath('config.json'))).rejects.toThrow('ENOENT')
    await addContext('zoo', 'tcp://zoo')
    await write('config.json', ' {"currentContext":"zoo"}')
    await setCurrentContext('zoo', env())
    expect(await readFile(toPath('config.json'), 'utf8')).toBe(' {"currentContext":"zoo"}')
  })

  test('rejects an unknown context and an invalid file, which it does not change', async () => {
    await write('config.json', '{"a":')
    await expect(setCurrentContext('zoo', env())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await addContext('zoo', 'tcp://zoo')
    await expect(setCurrentContext('zoo', env())).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
    expect(await readFile(toPath('config.json'), 'utf8')).toBe('{"a":')
  })

  test('rejects a file that is a link to itself', async () => {
    await addContext('zoo', 'tcp://zoo')
    await symlink('config.json', toPath('config.json'))
    await expect(setCurrentContext('zoo', env())).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
  })
})
