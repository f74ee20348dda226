import { expect, test } from 'vitest'
import { toEngineEnv } from '../../../tools/engines/run-beside-engine.mjs'

const engine = { suite: 'forky', version: '' } as const
const env = {
  PATH: '/bin',
  CONTAINER_HOST: 'unix:///other.sock',
  DOCKER_CONTEXT: 'other',
  DOCKER_HOST: 'tcp://other:2376',
  DOCKER_TLS_VERIFY: '1',
}

test('clients of Docker find only the engine', () => {
  expect(toEngineEnv({ ...engine, name: '28', product: 'docker' }, env)).toEqual({
    PATH: '/bin',
    DOCKER_HOST: 'unix:///run/capstan-engines/28/engine.sock',
  })
})

test('clients of Podman and of Docker find the Podman', () => {
  const host = 'unix:///run/capstan-engines/podman-5/engine.sock'
  expect(toEngineEnv({ ...engine, name: 'podman-5', product: 'podman' }, env)).toEqual({
    PATH: '/bin',
    CONTAINER_HOST: host,
    DOCKER_HOST: host,
  })
})

test('tests of an engine with TLS find its address and the certificates of a client', () => {
  expect(toEngineEnv({ ...engine, name: '28', product: 'docker', tls: true }, env)).toMatchObject({
    CAPSTAN_TLS_ENDPOINT: 'tcp://127.0.0.1:2376',
    CAPSTAN_TLS_DIRECTORY: '/var/lib/capstan-engines/28/store/certificates',
  })
})
