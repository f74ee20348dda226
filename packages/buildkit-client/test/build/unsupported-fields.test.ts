import { describe, expect, it } from 'vitest'
import { type BuildRequest, findGatewayHost, findUnsupportedFields, resolveHostGateway } from '../../src/request.js'

const label = 'org.mobyproject.buildkit.worker.moby.host-gateway-ip'
const toWorker = (labels: Readonly<Record<string, string>>) => ({ id: 'w', version: 'v0.32.2', labels, platforms: [] })
const request: BuildRequest = {
  context: { files: {} },
  extraHosts: { machine: 'host-gateway', db: '10.0.0.1' },
  output: { type: 'cache-only' },
}

describe('host-gateway as the address of a host name', () => {
  it('is replaced by the address that a worker reports', () => {
    const workers = [toWorker({}), toWorker({ [label]: '172.17.0.1' })]
    expect(findUnsupportedFields(request, workers)).toEqual([])
    expect(resolveHostGateway(request, workers)).toEqual({
      ...request,
      extraHosts: { machine: '172.17.0.1', db: '10.0.0.1' },
    })
  })

  it.each([{}, { 'org.mobyproject.buildkit.worker.snapshotter': 'overlayfs' }, { [label]: '' }])(
    'is not supported without such a worker: %j',
    (labels) => {
      const field = 'extraHosts'
      expect(findUnsupportedFields(request, [toWorker(labels)])).toMatchObject([{ field, given: 'host-gateway' }])
      expect(findGatewayHost(request)).toMatchObject({ field })
      expect(resolveHostGateway(request, [toWorker(labels)])).toBe(request)
    },
  )

  it('changes nothing in a request with addresses only', () => {
    const plain = { ...request, extraHosts: { db: '10.0.0.1' } }
    expect(findUnsupportedFields(plain, [toWorker({})])).toEqual([])
    expect(resolveHostGateway(plain, [toWorker({ [label]: '172.17.0.1' })])).toBe(plain)
  })
})
