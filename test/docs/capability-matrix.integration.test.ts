import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { expect, it } from 'vitest'
import { describeWithEngine } from '../support/test-engine.js'
import { readColumn, toColumn } from './capability-matrix.js'

describeWithEngine('the capability matrix', ({ socketPath }) => {
  it('has the claims of the Docker probe', async () => {
    const plugins = [dockerPlugin({ endpoint: `unix://${socketPath}` })]
    const [report] = await createRuntimeHost({ plugins, env: {} }).discover()
    expect(report && toColumn(report)).toEqual(readColumn('docker'))
  })
})
