import { toFamiliarName } from '@capstan/core/plugin'
import { expect, test } from 'vitest'
import { DockerNetworkManager } from '../../src/docker-network-manager.js'
import { DockerRuntime } from '../../src/docker-runtime.js'
import { DockerVolumeManager } from '../../src/docker-volume-manager.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'
import { removeImage } from '../run-operations.js'
import { empty, inTurn, json, refusal, startScriptedEngine } from '../scripted-engine.js'
import { startRuntime } from '../start-runtime.js'

test.for([
  ['docker.io/library/busybox:1', 'busybox:1'],
  ['docker.io/team/app:1', 'team/app:1'],
  ['docker.io/library/team/app:1', 'library/team/app:1'],
  ['ghcr.io/library/app:1', 'ghcr.io/library/app:1'],
  ['localhost/app:1', 'localhost/app:1'],
  ['busybox:1', 'busybox:1'],
  [`sha256:${'a'.repeat(64)}`, `sha256:${'a'.repeat(64)}`],
] as const)('converts the image name %s to %s', ([reference, name]) => {
  expect(toFamiliarName(reference)).toBe(name)
})

test('finds the users of an image among all containers', async () => {
  const { engine, seen } = await startScriptedEngine([
    ['DELETE /images/app:1', refusal(409, 'image used by 0123456789ab: image is in use by a container')],
    ['GET /images/app:1/json', json(200, { Id: 'sha256:1', RepoTags: ['docker.io/library/app:1'] })],
    ['GET /containers/json', json(200, [{ Id: 'c1', Names: ['/user'], ImageID: 'sha256:1' }])],
    ['GET /images/json', json(200, [])],
  ])
  await expect(removeImage(engine, 'app:1')).rejects.toMatchObject({ code: 'IN_USE', facts: { users: ['user'] } })
  expect(seen.find(({ path }) => path === '/containers/json')?.query.get('filters')).toBeNull()
})

test('lists published ports only while the container runs', async () => {
  const { fake, runtime } = await startRuntime()
  const Ports = { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '33000' }] }
  const inspect = (Running: boolean) => json(200, { Id: 'c1', State: { Running }, NetworkSettings: { Ports } })
  fake.override('GET /containers/*/json', inTurn(inspect(false), inspect(true)))
  expect(await runtime.getPortBindings('c1')).toEqual(new Map())
  expect(await runtime.getPortBindings('c1')).toEqual(new Map([[80, 33_000]]))
})

test('has the ids of networks in an inspection when the engine reports names', async () => {
  const Networks = { net: { NetworkID: 'net', IPAddress: '10.0.0.2' }, gone: { NetworkID: 'gone' } }
  const { engine } = await startScriptedEngine([
    ['GET /containers/c1/json', json(200, { Id: 'c1', NetworkSettings: { Networks } })],
    ['GET /networks/net', json(200, { Id: 'f'.repeat(64) })],
    ['GET /networks/gone', refusal(404, 'unable to find network with name or ID gone: network not found')],
  ])
  const { networks } = await new DockerRuntime(engine).inspectContainer('c1')
  expect(networks.map(({ networkId }) => networkId)).toEqual(['f'.repeat(64), 'gone'])
})

test('lists only volumes that have all of the labels', async () => {
  const Volumes = [
    { Name: 'both', Labels: { a: '1', b: '2' } },
    { Name: 'one', Labels: { a: '1' } },
    { Name: 'none', Labels: null },
  ]
  const { engine } = await startScriptedEngine([['GET /volumes', json(200, { Volumes })]])
  const listed = await new DockerVolumeManager(engine).listVolumes({ labels: { a: '1', b: '2' } })
  expect(listed.map(({ name }) => name)).toEqual(['both'])
})

test('connects a container to a second network when the answer is not JSON', async () => {
  const { fake, runtime } = await startRuntime()
  for (const [name, letter] of [
    ['one', 'a'],
    ['two', 'b'],
  ] as const)
    fake.state.networks.set(name, { Id: letter.repeat(64), Name: name })
  fake.override('POST /networks/*/connect', (reply) => reply.raw(200, 'OK\n', { 'Content-Type': 'text/plain' }))
  const networks = [{ networkId: 'one' }, { networkId: 'two' }] as const
  await runtime.createContainer({ image: 'busybox:1', network: { mode: 'networks', networks } })
  expect(fake.log()).toContain('POST /networks/two/connect')
})

test('rejects with NAME_CONFLICT for an existing name of a network, with any status', async () => {
  const { engine } = await startScriptedEngine([
    ['POST /networks/create', refusal(500, 'network name net already used: network already exists')],
    ['GET /networks', json(200, [{ Id: 'n1', Name: 'net' }])],
    ['DELETE /networks/n1', empty()],
  ])
  await expect(new DockerNetworkManager(engine).createNetwork('net')).rejects.toMatchObject({
    code: 'NAME_CONFLICT',
    facts: { holderId: 'n1' },
  })
})

test('rejects with NOT_RUNNING for an exec in a stopped container, and with CONTAINER_NOT_FOUND for a removed one', async () => {
  const { fake, runtime, execs } = await startRuntime()
  const { id } = fake.state.createContainer('c', {})
  const improper = 'can only create exec sessions on running containers: container state improper'
  fake.override('POST /containers/*/exec', refusal(500, improper))
  await expect(execs.exec(id, ['x'])).rejects.toMatchObject({ code: 'NOT_RUNNING', facts: { state: 'created' } })
  const vanished = `container ${id} does not exist in database: no such container`
  fake.override('GET /containers/*/json', refusal(500, vanished))
  await expect(runtime.containerState(id)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
})

test('rejects with COMMAND_NOT_STARTED when the attach reports a missing command', async () => {
  const { fake, runtime } = await startRuntime()
  const { id } = fake.state.createContainer('c', { Cmd: ['/nosuch'] })
  const text = String.raw`level=error msg="runc create failed: exec: \"/nosuch\": stat /nosuch: no such file or directory"`
  fake.override('POST /containers/*/attach', refusal(409, text))
  await expect(runtime.startAttached(id, {})).rejects.toMatchObject({
    code: 'COMMAND_NOT_STARTED',
    facts: { command: ['/nosuch'], exitCode: 127 },
  })
})

test('signals a process by an attached exec, since Podman may not record the exit of a detached one', async () => {
  const { engine } = await startFakeEngine()
  const { fake, execs } = await startRuntime({ facts: { ...engine.details.facts, location: 'elsewhere' } })
  const container = fake.state.createContainer('c', {})
  container.status = 'running'
  const running = await execs.exec(container.id, ['cat'])
  expect(await running.kill()).toBe(true)
  const starts = fake.requests.filter(({ path }) => path.endsWith('/start'))
  expect(starts.map((start) => start.json.Detach)).toEqual([false, false])
  await running[Symbol.asyncDispose]()
})

test('removes a container that exits while it is being removed', async () => {
  const text =
    'cannot remove container c as it could not be stopped: sending SIGKILL: container state improper: stopped'
  const { fake, runtime } = await startRuntime()
  fake.override('DELETE /containers/*', inTurn(refusal(500, text), empty()))
  await runtime.removeContainer('c1')
  expect(fake.log()).toEqual(['DELETE /containers/c1', 'DELETE /containers/c1'])
})

test.for([
  [true, undefined],
  [false, 'NOT_RUNNING'],
] as const)('resolves a second start during the first one when the container runs (runs: %s)', async ([runs, code]) => {
  const { fake, runtime } = await startRuntime()
  const id = await runtime.createContainer({ image: 'busybox:1', command: ['sleep'] })
  if (runs) await runtime.startContainer(id)
  fake.override('POST /containers/*/start', (reply) =>
    reply.refuse(500, `container ${id} must be in Created or Stopped state to be started: container state improper`),
  )
  const codeOf = (error: unknown) => (error as { code?: string }).code
  expect(await runtime.startContainer(id).catch(codeOf)).toBe(code)
})
