import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { describeWithEngine } from '../../../test/support/test-engine.js'
import { DockerVolumeManager } from '../src/docker-volume-manager.js'
import { connectEngine } from './connect-engine.js'

describeWithEngine('volumes of a real engine', (testEngine) => {
  function connect() {
    const connected = connectEngine(testEngine)
    const volumes = new DockerVolumeManager(connected.engine)
    const list = () => volumes.listVolumes({ labels: { 'capstan.owner.instance': connected.instance } })
    onTestFinished(async () => {
      for (const { name } of await list()) await volumes.removeVolume(name)
    })
    return { ...connected, volumes, list, name: `capstan-test-${randomUUID()}` }
  }

  test('creates, lists by label and removes a volume, repeatedly', async () => {
    const { volumes, list, name } = connect()
    expect(await volumes.createVolume(name, { labels: { team: 'a' } })).toBe(name)
    const [volume] = await list()
    expect(volume).toMatchObject({ name, labels: { team: 'a' } })
    expect(volume?.createdAt).toBeInstanceOf(Date)
    await volumes.removeVolume(name)
    await volumes.removeVolume(name)
    expect(await list()).toEqual([])
  })

  test('rejects with NAME_CONFLICT for an existing volume, which the engine does not report', async () => {
    const { volumes, name } = connect()
    await volumes.createVolume(name)
    const facts = { name, holderId: name }
    await expect(volumes.createVolume(name)).rejects.toMatchObject({ facts: { ...facts, sameOwner: true } })
    await expect(connect().volumes.createVolume(name)).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
      facts: { ...facts, sameOwner: false },
    })
  })

  test('creates one volume for ten concurrent requests of one name', async () => {
    const { volumes, list, name } = connect()
    const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => volumes.createVolume(name)))
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await list()).toHaveLength(1)
  })

  test('rejects with IN_USE and the container, running or not', async () => {
    const { engine, volumes, name } = connect()
    await volumes.createVolume(name)
    const api = await engine.api({ operation: 'test', subject: name })
    const HostConfig = { Mounts: [{ Type: 'volume', Source: name, Target: '/data' }] }
    const body = { Image: testEngine.image, Labels: engine.ownerLabels, HostConfig }
    const container = await api.createContainer({ _query: { name }, _body: body })
    onTestFinished(() =>
      api
        .getContainer(container.id)
        .remove({ force: true })
        .then(undefined, () => undefined),
    )
    await expect(volumes.removeVolume(name)).rejects.toMatchObject({ code: 'IN_USE', facts: { users: [name] } })
    await api.getContainer(container.id).remove({ force: true })
    await volumes.removeVolume(name)
  })
})
