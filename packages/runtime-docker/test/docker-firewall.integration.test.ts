import { expect, test } from 'vitest'
import { describeWithFirewallImage } from '../../../test/support/test-engine.js'
import { connectRuntime } from './connect-runtime.js'

describeWithFirewallImage('the firewall over the life of a container', (testEngine) => {
  test('is set when the first and the second start of a container resolve', async () => {
    const { runtime, execs, firewalls } = connectRuntime(testEngine)
    const id = await runtime.createContainer({ image: testEngine.firewallImage, command: ['sleep', '60'], init: true })
    await firewalls.setupFirewall(id, { proxyHost: '172.17.0.250', proxyPort: 3_128 })
    for (let start = 1; start <= 2; start += 1) {
      await runtime.startContainer(id)
      const probe = await execs.exec(id, ['sh', '-c', 'ping -c 1 -W 1 172.17.0.1 2>&1; true'], {
        stdin: false,
        user: '0',
      })
      probe.stderr.resume()
      let text = ''
      for await (const chunk of probe.stdout) text += chunk
      expect([start, text]).toEqual([start, expect.not.stringContaining(' 1 packets received')])
      await runtime.stopContainer(id, { graceMs: 1_000 })
    }
  })
})
