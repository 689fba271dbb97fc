// Each outcome has a sound of its own, so that nobody need look.
const TONES = { done: [880, 0.09], kept: [440, 0.05], look: [330, 0.18, 330, 0.18], refused: [160, 0.5] };
let context = null;

export function sound(name) {
  try {
    context ??= new AudioContext();
    let at = context.currentTime;
    for (let place = 0; place < TONES[name].length; place += 2) {
      const [pitch, seconds] = [TONES[name][place], TONES[name][place + 1]];
      const tone = context.createOscillator();
      tone.frequency.value = pitch;
      tone.connect(context.destination);
      tone.start(at);
      tone.stop(at + seconds);
      at += seconds + 0.06;
    }
  } catch {
    // A terminal without loudspeaker is a terminal, too.
  }
}
