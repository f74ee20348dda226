import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { withEndpointEnv } from '../../src/program/compose-endpoint.js'

async function createDirectory() {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-endpoint-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

describe('withEndpointEnv', () => {
  it('names the socket, and the API version where it is pinned, and no other connection', async () => {
    const host = 'unix:///run/x.sock'
    const read = async (variables: Readonly<Record<string, string>>) => variables
    const none = { DOCKER_HOST: host, DOCKER_TLS: '', DOCKER_TLS_VERIFY: '', DOCKER_CERT_PATH: '' }
    expect(await withEndpointEnv({ host, apiVersion: '1.41' }, {}, read)).toEqual({
      ...none,
      DOCKER_API_VERSION: '1.41',
    })
    expect(await withEndpointEnv({ host }, {}, read)).toEqual({ ...none, DOCKER_API_VERSION: '' })
  })

  it('collects the files of TLS in one directory and removes it', async () => {
    const directory = await createDirectory()
    const write = async (name: string) => {
      await writeFile(join(directory, name), name)
      return join(directory, name)
    }
    const [caFile, certFile, keyFile] = [await write('authority'), await write('client.crt'), await write('client.key')]
    const TMPDIR = await createDirectory()
    const tls = { verify: true, caFile, certFile, keyFile }
    const found = await withEndpointEnv({ host: 'tcp://h:2376', tls }, { TMPDIR }, async (variables) => {
      const path = variables.DOCKER_CERT_PATH ?? ''
      const files = await Promise.all(['ca', 'cert', 'key'].map((name) => readFile(join(path, `${name}.pem`), 'utf8')))
      return { ...variables, DOCKER_CERT_PATH: '', files }
    })
    expect(found).toMatchObject({
      ...{ DOCKER_HOST: 'tcp://h:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '' },
      files: ['authority', 'client.crt', 'client.key'],
    })
    expect(await readdir(TMPDIR)).toEqual([])
  })

  it("uses Node's authorities where no file is given, and does not verify where that is turned off", async () => {
    const TMPDIR = await createDirectory()
    const tls = { verify: false, caFile: undefined, certFile: undefined, keyFile: undefined }
    const [env, names] = await withEndpointEnv({ host: 'tcp://h:2376', tls }, { TMPDIR }, async (variables) => {
      return [variables, await readdir(variables.DOCKER_CERT_PATH ?? '')] as const
    })
    expect(env).toMatchObject({ DOCKER_TLS: '1', DOCKER_TLS_VERIFY: '' })
    expect(names).toEqual(['ca.pem'])
  })
})
