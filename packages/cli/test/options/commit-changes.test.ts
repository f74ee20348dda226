import { expect, it } from 'vitest'
import { parseChanges } from '../../src/options/commit-changes.js'

it('returns undefined without changes', () => {
  expect(parseChanges([])).toBeUndefined()
})

it('merges the values of several instructions', () => {
  const texts = [
    'ENV A=1',
    'ENV B 2 3',
    'LABEL "a b"=c',
    'EXPOSE 80',
    'EXPOSE 53/udp',
    'VOLUME /a /b',
    'VOLUME ["/c d"]',
  ]
  expect(parseChanges(texts)).toEqual({
    env: { A: '1', B: '2 3' },
    labels: { 'a b': 'c' },
    exposedPorts: [
      { containerPort: 80, protocol: 'tcp' },
      { containerPort: 53, protocol: 'udp' },
    ],
    volumes: ['/a', '/b', '/c d'],
  })
})

it('uses the last of several single values, in exec form and in shell form', () => {
  const texts = ['cmd a b', 'CMD ["x", "y z"]', 'ENTRYPOINT exec top', 'USER 1:2', 'WORKDIR /w', 'STOPSIGNAL SIGINT']
  expect(parseChanges(texts)).toEqual({
    command: ['x', 'y z'],
    entrypoint: ['/bin/sh', '-c', 'exec top'],
    user: '1:2',
    workingDirectory: '/w',
    stopSignal: 'SIGINT',
  })
})

it('removes quotes and escapes of values, and keeps variables', () => {
  const text = String.raw`ENV A="a \"b\" $C" D='$E "f"' G=h\ i J=$K`
  expect(parseChanges([text])).toEqual({ env: { A: 'a "b" $C', D: '$E "f"', G: 'h i', J: '$K' } })
})
