import { expect, test } from 'vitest'
import { requestEngine } from '../tools/engine/engine-request.mjs'
import { describeWithEngine, describeWithFirewallImage } from './support/test-engine.js'

describeWithEngine('the test engine', ({ socketPath, image }) => {
  test('has the image with its label', async () => {
    const { status, body } = await requestEngine({ protocol: 'http:', socketPath }, `/images/${image}/json`)
    expect(status).toBe(200)
    expect(JSON.parse(body).Config.Labels).toMatchObject({ 'capstan.test': '1' })
  })
})

describeWithFirewallImage('the firewall image', ({ socketPath, firewallImage }) => {
  test('exists in the engine', async () => {
    const { status } = await requestEngine({ protocol: 'http:', socketPath }, `/images/${firewallImage}/json`)
    expect(status).toBe(200)
  })
})
