import type { RuntimeEvent } from '@capstan/core'
import { expect, onTestFinished, test } from 'vitest'
import { describeWithEngine, describeWithFirewallImage } from '../../../test/support/test-engine.js'
import { DockerContainerStats } from '../src/docker-container-stats.js'
import { DockerEventStream } from '../src/docker-event-stream.js'
import { connectRuntime } from './connect-runtime.js'

describeWithEngine('statistics of a real engine', (testEngine) => {
  test('have a CPU share of almost zero for a sleeping container, and more for a busy one', async () => {
    const { engine, runtime } = connectRuntime(testEngine)
    const stats = new DockerContainerStats(engine)
    const start = async (script: string) => {
      const id = await runtime.createContainer({ image: testEngine.image, command: ['sh', '-c', script], init: true })
      onTestFinished(() => runtime.removeContainer(id))
      await runtime.startContainer(id)
      return id
    }
    const ids = await Promise.all([start('sleep 60'), start('while :; do :; done')])
    const [sleeping, busy] = await Promise.all(ids.map((id) => stats.sample(id)))
    expect(sleeping?.cpu.share).toBeLessThan(0.02)
    // Other processes of the machine may use its CPUs.
    expect(busy?.cpu.share).toBeGreaterThan(0.03)
    expect(busy?.cpu.share).toBeLessThan(1.2)
  })
})

describeWithFirewallImage('events of a real engine', (testEngine) => {
  test('are those of one container when it is created again in the sandbox of its firewall', async () => {
    const { engine, runtime, firewalls, instance } = connectRuntime(testEngine)
    const events = new DockerEventStream(engine)
    const config = { image: testEngine.firewallImage, command: ['sleep', '60'], init: true }
    await using subscription = await events.events({ labels: { 'capstan.owner.instance': instance } })
    const id = await runtime.createContainer(config)
    await firewalls.setupFirewall(id, { proxyHost: '192.0.2.250', proxyPort: 3_128 })
    await runtime.startContainer(id)
    await runtime.removeContainer(id)
    const seen: RuntimeEvent[] = []
    for await (const event of subscription) {
      seen.push(event)
      if (event.action === 'removed') break
    }
    expect(seen.map((event) => [event.action, 'id' in event && event.id])).toEqual([
      ['created', id],
      ['started', id],
      ['exited', id],
      ['removed', id],
    ])
  })
})
