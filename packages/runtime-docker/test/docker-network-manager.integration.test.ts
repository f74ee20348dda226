import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { describeWithEngine, isPodman, isPodman4, skipOnPodman } from '../../../test/support/test-engine.js'
import { DockerNetworkManager } from '../src/docker-network-manager.js'
import { connectEngine } from './connect-engine.js'

describeWithEngine('networks of a real engine', (testEngine) => {
  function connect() {
    const connected = connectEngine(testEngine)
    const networks = new DockerNetworkManager(connected.engine)
    const labels = { 'capstan.owner.instance': connected.instance }
    const list = () => networks.listNetworks({ labels })
    onTestFinished(async () => {
      for (const { id } of await list()) await networks.removeNetwork(id)
    })
    return { ...connected, networks, list, name: `capstan-test-${randomUUID()}` }
  }

  test('creates, lists by label and removes a network, repeatedly', async () => {
    const { networks, list, name } = connect()
    const id = await networks.createNetwork(name, { labels: { team: 'a' }, internal: true })
    expect(await list()).toMatchObject([{ id, name, internal: true, labels: { team: 'a' } }])
    expect(await networks.listNetworks({ labels: { team: 'a', nobody: 'has this' } })).toEqual([])
    await networks.removeNetwork(id)
    await networks.removeNetwork(id)
    expect(await list()).toEqual([])
  })

  test('rejects with NAME_CONFLICT and the holder for an existing network, owned or not', async () => {
    const { networks, list, name } = connect()
    const id = await networks.createNetwork(name)
    await expect(networks.createNetwork(name)).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
      facts: { name, holderId: id, sameOwner: true },
    })
    const other = connect()
    await expect(other.networks.createNetwork(name)).rejects.toMatchObject({
      facts: { holderId: id, sameOwner: false },
    })
    expect(await list()).toHaveLength(1)
  })

  test('rejects the names of predefined networks', async () => {
    const { networks } = connect()
    for (const own of isPodman ? [] : ['bridge', 'host', 'none']) {
      await expect(networks.createNetwork(own)).rejects.toMatchObject({
        code: 'NAME_CONFLICT',
        facts: { name: own, holderId: expect.stringMatching(/^[0-9a-f]{64}$/), sameOwner: false },
      })
    }
    // No network has these names: on Docker `default` is an alias of the first one, and on Podman all of them are modes,
    // except `default` on Podman 4, where a network can have that name.
    const modes = ['bridge', 'host', 'none', ...(isPodman4 ? [] : ['default'])]
    for (const reserved of isPodman ? modes : ['default']) {
      await expect(networks.createNetwork(reserved)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        facts: { field: 'name' },
      })
    }
  })

  test('creates one network for ten concurrent requests of one name', async () => {
    const { networks, list, name } = connect()
    const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => networks.createNetwork(name)))
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await list()).toHaveLength(1)
  })

  test('rejects with IN_USE and the running container, and waits for one that is being removed', async () => {
    const { engine, networks, name } = connect()
    const id = await networks.createNetwork(name)
    const api = await engine.api({ operation: 'test', subject: name })
    const HostConfig = { NetworkMode: id, AutoRemove: true }
    const body = { Image: testEngine.image, Cmd: ['sleep', '600'], Labels: engine.ownerLabels, HostConfig }
    const container = await api.createContainer({ _query: { name }, _body: body })
    onTestFinished(() =>
      api
        .getContainer(container.id)
        .remove({ force: true })
        .then(undefined, () => undefined),
    )
    await api.getContainer(container.id).start()
    await expect(networks.removeNetwork(id)).rejects.toMatchObject({ code: 'IN_USE', facts: { users: [name] } })
    await api.getContainer(container.id).kill()
    await networks.removeNetwork(id)
  })

  test('removes the network after an abort during the request', async () => {
    const { networks, list, name } = connect()
    const reason = new Error('enough')
    for (let round = 0; round < 5; round += 1) {
      const abort = new AbortController()
      const making = networks.createNetwork(`${name}-${round}`, abort)
      setTimeout(() => abort.abort(reason), round * 8)
      // An engine may create the network before the abort.
      await making.then(
        (id) => networks.removeNetwork(id),
        (error: unknown) => expect(error).toBe(reason),
      )
    }
    expect(await list()).toEqual([])
  })

  test('rejects the removal of a predefined network, not with IN_USE', async (context) => {
    skipOnPodman(context, 'the users of a network are looked for before its removal, and the default network has some')
    const { networks } = connect()
    await expect(networks.removeNetwork('bridge')).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: expect.stringMatching(/pre-defined/) },
    })
  })
})
