package disguise

import "strings"

// swap is what some written characters may stand for, and how unlikely that
// is. The characters of the table are those of folded text; the costs are
// negative logarithms, judged by hand.
type swap struct {
	from, to string
	cost     float32
}

// swaps are grouped by their first character.
func swaps() (by [128][]swap) {
	add := func(cost float32, pairs string) {
		for pair := range strings.FieldsSeq(pairs) {
			from, to, _ := strings.Cut(pair, "=")
			by[from[0]] = append(by[from[0]], swap{from, to, cost})
		}
	}
	// Digits and signs in the shape of letters.
	add(0.3, "0=o 1=i 1=l 3=e 4=a 5=s 7=t 8=b 6=g 9=g @=a $=s !=i !=l |=i |=l +=t (=c <=c")
	add(1.2, "6=b 2=z 1=t 3=a &=e %=x 9=q 0=u 5=z")
	// Digits and letters that sound like words or parts of them.
	add(0.8, "8=ate 8=eat 8=ait 2=to 2=too 4=for 4=fore 1=one 1=won 2=t 2=tu 9=nine 8=aight u=you r=are c=see c=sea b=be y=why &=and")
	// How sounds are spelt.
	add(1.6, "k=c c=k")
	add(2.5, "ss=b")
	add(1.5, "i=l l=i")
	add(0.8, "ph=f f=ph z=s s=z s=c x=cks x=ks f=th v=th d=th ite=ight ight=ite yt=ight wot=what nk=ng in=ing n=ng n=kn w=wh ck=k k=ck er=a a=er a=ar ar=a or=au j=dge j=g ks=x u=oo oo=u oo=ou ew=u ee=ea ea=ee i=ee y=ie ey=y y=i i=y ie=y ya=ire yre=ire ire=yre yr=ire t=ed d=ed ed=d shun=tion shn=tion shun=sion o=ow ow=ou ou=ow or=ore aw=or w=ow nite=night th=t u=o o=u e=ea oh=o ur=er er=ur r=er l=le el=le le=al ot=aught ort=aught ought=ort f=gh q=k kw=qu q=qu vv=w x=ex z=es yu=you")
	return by
}

func isFigure(c byte) bool { return '0' <= c && c <= '9' }

func hasVowel(word []byte) bool {
	for _, c := range word {
		if isVowel(c) || c == 'y' {
			return true
		}
	}
	return false
}

func isVowel(c byte) bool {
	switch c {
	case 'a', 'e', 'i', 'o', 'u':
		return true
	}
	return false
}

// isJoiner reports whether a sign may stand between the letters of a word, or
// for one.
func isJoiner(c byte) bool {
	switch c {
	case '.', '-', '_', '*', '/', '+', '~', ',', '#', '^', '\'', '=', ':', ';', '?', '!', '\\', '|', '%', '&', '(', ')', '[', ']', '"', '<', '>', hole:
		return true
	}
	return false
}

// hole is any other sign, as an emoji within a word.
const hole = 0x7f
