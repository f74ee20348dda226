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
    const claims = readColumn('docker')
    expect(claims).toMatchObject({
      'build-service': 'Docker 23 and later',
      'swarm-manager': 'manager nodes of a swarm',
    })
    const found = report === undefined ? {} : toColumn(report)
    expect(found['build-service']).toBe(hasBuildKit ? 'yes' : 'no')
    // Whether there is a swarm and Compose depends on the machine.
    const conditional = Object.keys(claims).filter((id) => claims[id] !== 'yes' && claims[id] !== 'no')
    expect(found).toEqual({ ...claims, ...Object.fromEntries(conditional.map((id) => [id, found[id]])) })
  })
})
