import { createRuntimeHost } from '@capstan/core'
import { toBuildKitSupport } from '@capstan/feature-buildkit'
import { dockerPlugin } from '@capstan/runtime-docker'
import { expect, it } from 'vitest'
import { describeWithEngine } from '../support/test-engine.js'
import { readSupportTable, toSupportRow } from './support-table.js'

describeWithEngine('the table of docs/buildkit.md', ({ socketPath }) => {
  it('lists the answer of support() for docker', async () => {
    const plugins = [dockerPlugin({ endpoint: `unix://${socketPath}` })]
    const [report] = await createRuntimeHost({ plugins, env: {} }).discover()
    const row = readSupportTable().find(({ runtime }) => runtime === 'docker')
    expect(report && toSupportRow('docker', toBuildKitSupport(report))).toEqual(row)
  })
})
