import { expect, test } from 'vitest'
import { describeWithFirewallImage } from '../../../test/support/test-engine.js'
import { connectRuntime } from './connect-runtime.js'

describeWithFirewallImage('the firewall of a container', (testEngine) => {
  test('blocks the gateway when the first and the second start of the container resolve', async () => {
    const { runtime, execs, firewalls } = connectRuntime(testEngine)
    // Podman withholds NET_RAW by default.
    const config = {
      image: testEngine.firewallImage,
      command: ['sleep', '60'],
      init: true,
      capAdd: ['NET_RAW'],
    } as const
    const gateway = await runtime.getHostAddress()
    const unrestricted = await runtime.createContainer(config)
    const restricted = await runtime.createContainer(config)
    await firewalls.setupFirewall(restricted, { proxyHost: '192.0.2.250', proxyPort: 3_128 })
    for (const id of [unrestricted, restricted, restricted]) {
      await runtime.startContainer(id)
      const probe = await execs.exec(id, ['sh', '-c', `ping -c 1 -W 1 ${gateway} 2>&1; true`], {
        stdin: false,
        user: '0',
      })
      probe.stderr.resume()
      let text = ''
      for await (const chunk of probe.stdout) text += chunk
      expect(text.includes(' 1 packets received')).toBe(id === unrestricted)
      await runtime.stopContainer(id, { graceMs: 1_000 })
    }
  })
})
