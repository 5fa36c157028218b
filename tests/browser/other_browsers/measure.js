// What is wrong with the layout of a page as it stands: a list of sentences, empty when all is well.
const SLACK = 1; // px: browsers round
const LINE_SLACK = 4; // px: the boxes of lines reach above and below their letters
const complaints = [];
const name = (element) => `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ''}.${[...element.classList].join('.')}`;
const styles = new Map();
const styleOf = (element) => {
  if (!styles.has(element)) styles.set(element, getComputedStyle(element));
  return styles.get(element);
};

// Seen is what nothing hides: a clipped element is there for screen readers, a closed one for later.
const isHidden = (element) => {
  const style = styleOf(element);
  return style.display === 'none' || style.visibility === 'hidden' || style.clipPath !== 'none' || style.opacity === '0';
};
const hidden = new Map([[document.documentElement, false]]);
const isSeen = (element) => {
  if (!hidden.has(element)) hidden.set(element, !isSeen(element.parentElement) || isHidden(element) || element.matches('.skip-link, noscript'));
  return !hidden.get(element);
};
const elements = [...document.body.querySelectorAll('*')].filter((element) => isSeen(element) && element.checkVisibility());

// The box that an element lets its content be seen in: that of the next one with an edge.
const clips = new Map([[document.documentElement, document.documentElement]]);
const clipOf = (element) => {
  if (!clips.has(element)) clips.set(element, styleOf(element).overflowX === 'visible' ? clipOf(element.parentElement) : element);
  return clips.get(element);
};
const isOutside = (box, element) => {
  const clip = clipOf(element).getBoundingClientRect();
  return clipOf(element) !== document.documentElement && (box.left >= clip.right || box.right <= clip.left);
};

// Each line of text with the element that it stands in; one that is wholly out of sight is meant to be.
const lines = [];
for (const element of elements) {
  for (const node of element.childNodes) {
    if (node.nodeType !== Node.TEXT_NODE || !node.data.trim() || parseFloat(styleOf(element).fontSize) < 1) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) if (box.width > 1 && !isOutside(box, element)) lines.push({ box, element, text: node.data.trim().slice(0, 40) });
  }
}

// Past the edge
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > width) complaints.push(`the page is ${document.documentElement.scrollWidth} wide`);
for (const element of elements) {
  const box = element.getBoundingClientRect();
  if (!box.width || clipOf(element.parentElement) !== document.documentElement) continue;
  if (box.right > width + SLACK || box.left < -SLACK) complaints.push(`past the edge: ${name(element)}`);
}

// Cut: text that its card or a box with an edge does not hold
for (const { box, element, text } of lines) {
  const clip = clipOf(element).getBoundingClientRect();
  if (box.right > clip.right + SLACK || box.left < clip.left - SLACK) complaints.push(`cut: "${text}"`);
  const card = element.closest('.card, .button, .alert, main, body').getBoundingClientRect();
  if (box.right > card.right + SLACK || box.left < card.left - SLACK) complaints.push(`outside its card: "${text}"`);
}

// Overlapping: two texts, two controls
const overlap = (one, other, slack) => Math.min(one.right, other.right) - Math.max(one.left, other.left) > SLACK
  && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > slack;
lines.forEach((one, index) => {
  for (const other of lines.slice(index + 1)) {
    if (overlap(one.box, other.box, LINE_SLACK)) complaints.push(`overlap: "${one.text}", "${other.text}"`);
  }
});
const boxes = elements.filter((element) => element.matches('.card, .button, .input, .step-button, .alert, input[type=range]'));
boxes.forEach((one, index) => {
  for (const other of boxes.slice(index + 1)) {
    if (one.contains(other) || other.contains(one)) continue;
    if (overlap(one.getBoundingClientRect(), other.getBoundingClientRect(), SLACK)) complaints.push(`overlap: ${name(one)}, ${name(other)}`);
  }
});

// Squeezed: what a card holds as a whole fills it
for (const body of document.querySelectorAll('.plan-body')) {
  const card = body.parentElement;
  const { paddingLeft, paddingRight } = styleOf(card);
  const room = card.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
  const parts = [...body.children].map((part) => part.getBoundingClientRect());
  const used = Math.max(...parts.map((part) => part.right)) - Math.min(...parts.map((part) => part.left));
  if (used < room - SLACK) complaints.push(`squeezed: ${name(body)}, ${Math.round(used)} of ${Math.round(room)}`);
}

// Underlined: the current page, and links that stand alone
for (const element of elements.filter((one) => one.matches('.nav [aria-current], .link, a.touch-target'))) {
  if (styleOf(element).textDecorationLine !== 'underline') complaints.push(`not underlined: ${name(element)}`);
}
return [...new Set(complaints)];
