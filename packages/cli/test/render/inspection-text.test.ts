import { expect, it } from 'vitest'
import { toInspectionText } from '../../src/render/inspection-text.js'

it('shows the health and the restart policy', () => {
  const text = toInspectionText({
    ...{ id: '1', name: 'web', image: 'web', imageId: '2', command: ['web'], createdAt: undefined, labels: {} },
    state: {
      ...{ status: 'running', running: true, exitCode: undefined, startedAt: undefined, finishedAt: undefined },
      restartCount: 2,
    },
    health: 'healthy',
    restartPolicy: { name: 'on-failure', maxRetries: 3 },
    networks: [],
    ports: [],
  })
  expect(text).toMatch(/^health: +healthy\nrestart: +on-failure:3, 2 restarts$/m)
})

it('puts an IPv6 address in brackets before the port', () => {
  const port = (hostAddress: string) => ({ hostAddress, hostPort: 8080, containerPort: 80, protocol: 'tcp' as const })
  const text = toInspectionText({
    ...{ id: '1', name: 'web', image: 'web', imageId: '2', command: ['web'], createdAt: undefined, labels: {} },
    state: { status: 'running', running: true, exitCode: undefined, startedAt: undefined, finishedAt: undefined },
    networks: [],
    ports: ['', '127.0.0.1', '::1'].map(port),
  })
  expect(text.match(/^port: .*$/gm)?.map((line) => line.replace(/^port: +/, ''))).toEqual([
    '8080->80/tcp',
    '127.0.0.1:8080->80/tcp',
    '[::1]:8080->80/tcp',
  ])
})
