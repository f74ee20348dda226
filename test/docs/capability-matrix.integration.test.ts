import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { expect, it } from 'vitest'
import { describeWithEngine } from '../support/test-engine.js'
import { readColumn, toColumn } from './capability-matrix.js'

describeWithEngine('the capability matrix', ({ socketPath }) => {
  it('has the claims of the Docker probe', async () => {
    const plugins = [dockerPlugin({ endpoint: `unix://${socketPath}` })]
    const [report] = await createRuntimeHost({ plugins, env: {} }).discover()
    const hasBuildKit = report?.available && Number.parseInt(report.version, 10) >= 23
    const { 'build-service': release, ...others } = readColumn('docker')
    expect(release).toBe('Docker 23 and later')
    expect(report && toColumn(report)).toEqual({ ...others, 'build-service': hasBuildKit ? 'yes' : 'no' })
  })
})
