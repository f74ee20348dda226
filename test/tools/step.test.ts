import { expect, test } from 'vitest'
import { runStep } from '../../tools/step.mjs'

test('a step prints one line with its result and duration', async () => {
  const { text, write } = createScreen()
  await runStep('Looking', async () => 'found', write)
  expect(text()).toMatch(/^Looking … found \(\d+\.\d s\)\n$/)
})

test('a message of a running step is printed on a separate line', async () => {
  const { text, write } = createScreen()
  await runStep('Looking', async (say) => say('one\ntwo'), write)
  expect(text()).toMatch(/^Looking … \n {2}one\n {2}two\n {2}\d+\.\d s\n$/)
})

test('a failing step is printed as failed and rejects with its error', async () => {
  const { text, write } = createScreen()
  const failure = new Error('no')
  await expect(runStep('Looking', () => Promise.reject(failure), write)).rejects.toBe(failure)
  expect(text()).toMatch(/^Looking … failed \(\d+\.\d s\)\n$/)
})

function createScreen() {
  const written: string[] = []
  return { text: () => written.join(''), write: (text: string) => void written.push(text) }
}
