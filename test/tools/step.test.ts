import { expect, test } from 'vitest'
import { runStep } from '../../tools/step.mjs'

test('a step is one line with its outcome and time', async () => {
  const { text, write } = createScreen()
  await runStep('Looking', async () => 'found', write)
  expect(text()).toMatch(/^Looking … found \(\d+\.\d s\)\n$/)
})

test('what a step says on the way has lines of its own', async () => {
  const { text, write } = createScreen()
  await runStep('Looking', async (say) => say('one\ntwo'), write)
  expect(text()).toMatch(/^Looking … \n {2}one\n {2}two\n {2}\d+\.\d s\n$/)
})

test('a failing step is shown as failed, and its error goes to the caller', async () => {
  const { text, write } = createScreen()
  const failure = new Error('no')
  await expect(runStep('Looking', () => Promise.reject(failure), write)).rejects.toBe(failure)
  expect(text()).toMatch(/^Looking … failed \(\d+\.\d s\)\n$/)
})

function createScreen() {
  const written: string[] = []
  return { text: () => written.join(''), write: (text: string) => void written.push(text) }
}
